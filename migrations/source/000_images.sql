-- 000_images: how a row is written as a JSON object, on A and on B alike (migrations/target holds a link to this file).
-- Functions: penstock.json_form, penstock.is_json, penstock.json_object_sql, penstock.image_sql,
--   penstock.key_operators, penstock.read_column, penstock.read_cast, penstock.base_type,
--   penstock.read_key, penstock.read_key_cast.
-- Tables touched: none but the catalog. Grants: EXECUTE revoked from PUBLIC.
--
-- row_to_json and json_populate_recordset carry most values exactly. What they lose is carried as a JSON string with the
-- value's text, which B gives to the type's input function: json null and SQL NULL are one, and so are the blanks around a
-- json value, its "\u0000" cannot be read back; lower bounds of arrays are dropped; what an extension's cast to json makes
-- of a value (hstore: an object) is not what its type reads.
-- And where anybody can make a type (enums, composites, ranges), its owner can give it a cast to json or text: a function
-- of his, which row_to_json or ::text would run with our rights. Such values, and arrays of them, are strings made by format(), which calls nothing but
-- the type's output function, and that is PostgreSQL's own.

-- json_form: 'plain' as row_to_json writes it, 'text' as a string, 'output' as a string by format(), 'bounds': an array, as a
-- string where a lower bound is not 1.
create function penstock.json_form(of_type oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case
           when t.typtype = 'd' then penstock.json_form(t.typbasetype)
           when t.typtype <> 'b' and t.oid >= 16384 then 'output'      -- FirstNormalObjectId: not PostgreSQL's own
           when t.oid = any (array['json', 'jsonb', 'int2vector', 'oidvector']::regtype[]) then 'text'
           when exists (select from pg_cast as c where c.castsource = t.oid and c.castfunc <> 0
                           and c.casttarget = 'json'::regtype) then 'text'
           when exists (select from pg_type as e where e.oid = t.typelem and e.typarray = t.oid) then
                case penstock.json_form(t.typelem) when 'plain' then 'bounds' when 'output' then 'output' else 'text' end
           else 'plain' end
      from pg_type as t where t.oid = of_type
$$;

-- is_json: json, jsonb, or a domain over one of them. For these alone a JSON string is a value of its own, so whoever reads
-- an image must read text and cast it.
create function penstock.is_json(of_type oid) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when t.typtype = 'd' then penstock.is_json(t.typbasetype)
                else t.oid = any (array['json', 'jsonb']::regtype[]) end
      from pg_type as t where t.oid = of_type
$$;

-- json_object_sql (no backslash in it: a writer's standard_conforming_strings may be off): the expression, of type json, that writes the columns `names` of the row `alias`. They must be all that
-- the row has. Where every type is plain nothing is named, so the expression survives any DDL.
create function penstock.json_object_sql(alias text, names text[], types oid[]) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when coalesce(bool_and(form = 'plain'), true) then format('row_to_json(%s.*)', alias)
                else format('(select row_to_json(penstock_i.*) from (select %s) penstock_i)',
                            string_agg(format(case form
                                when 'plain' then '%1$s.%2$I'
                                when 'text' then '%1$s.%2$I::text as %2$I'
                                -- A composite of NULLs is not NULL.
                                when 'output' then 'case when num_nulls(%1$s.%2$I) = 0 then format(''%%s'', %1$s.%2$I) end as %2$I'
                                else 'case when array_lower(%1$s.%2$I, 1) <> 1 or array_ndims(%1$s.%2$I) > 1 '
                                     'and array_dims(%1$s.%2$I) !~ ''^([[]1:[0-9]+[]])+$'' '
                                     'then to_json(%1$s.%2$I::text) else to_json(%1$s.%2$I) end as %2$I' end,
                                alias, name), ', ' order by nth)) end
      from (select u.name, u.nth, penstock.json_form(u.type) as form
              from unnest(names, types) with ordinality as u (name, type, nth)) as u
$$;

-- image_sql: the same for a whole row of a table as it is now.
create function penstock.image_sql(relation oid, alias text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select penstock.json_object_sql(alias, array_agg(a.attname::text order by a.attnum), array_agg(a.atttypid order by a.attnum))
      from pg_attribute as a where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
$$;

-- key_operators: what compares the columns of a table's key, one a column, with its schema: "=" alone would be whatever a user
-- planted in the search path, and that of citext is not in pg_catalog. Those of the unique index on these columns.
create function penstock.key_operators(relation oid, key text[]) returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select array_agg(coalesce(e.operator, 'operator(pg_catalog.=)') order by k.nth)
      from unnest(key) with ordinality as k (name, nth)
      left join lateral (
           select format('operator(%I.%s)', n.nspname, o.oprname) as operator
             from pg_index as i
            cross join unnest(i.indkey::int2[]) with ordinality as u (num, nth)
             join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = u.num and a.attname = k.name
             join pg_opclass as c on c.oid = (i.indclass::oid[])[u.nth - 1]
             join pg_amop as m on m.amopfamily = c.opcfamily and m.amopstrategy = 3
                              and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype
             join pg_operator as o on o.oid = m.amopopr
             join pg_namespace as n on n.oid = o.oprnamespace
            where i.indrelid = relation and i.indisunique and i.indpred is null and i.indexprs is null
              and u.nth <= i.indnkeyatts and i.indnkeyatts = cardinality(key)
            order by i.indisprimary desc, i.indexrelid limit 1) as e on true
$$;

-- read_column, read_cast: a column in the list of json_to_record, and what makes its value of what was read.
create function penstock.read_column(name text, type oid, modifier int) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('%I %s', name, case when penstock.is_json(type) then 'text' else format_type(type, modifier) end)
$$;

create function penstock.read_cast(type oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when penstock.is_json(type) then '::' || format_type(type, null) else '' end
$$;

-- base_type: what a domain is made of; any other type is its own.
create function penstock.base_type(of_type oid) returns oid
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when t.typtype = 'd' then penstock.base_type(t.typbasetype) else t.oid end from pg_type as t where t.oid = of_type
$$;

-- read_key, read_key_cast: the same for a key that is only looked up: without a domain's checks, which may be a user's functions
-- and would run with our rights.
create function penstock.read_key(name text, type oid, modifier int) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when t.typtype = 'd' then penstock.read_key(name, t.typbasetype, t.typtypmod)
                else penstock.read_column(name, type, modifier) end
      from pg_type as t where t.oid = type
$$;

create function penstock.read_key_cast(type oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select penstock.read_cast(penstock.base_type(type))
$$;

revoke execute on all functions in schema penstock from public;
