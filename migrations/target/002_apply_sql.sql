-- 002_apply_sql: the statements that put changes into a target table, generated per table.
-- Functions: penstock.reject, penstock.fenced, penstock.records_sql, penstock.apply_sql, penstock.same_key, penstock.mixed_sql.
-- Tables touched: none; pg_attribute is read.

-- reject: ends a statement of the fast path because a rule is false for one of its rows. Everything of the batch that
-- travels behind it in the same round trip, the commit included, is then skipped by the server.
create function penstock.reject() returns boolean
language plpgsql volatile
as $$ begin raise exception 'a rule is false' using errcode = 'PN001'; end $$;

-- fenced: the same for an offsets row whose predecessor is not B's newest row.
create function penstock.fenced() returns boolean
language plpgsql volatile
as $$ begin raise exception 'another applier was here' using errcode = 'PN002'; end $$;

-- records_sql: a FROM item that reads columns of a table, and the ordinal, from a JSON array of objects. What is json is
-- read as text: images carry it as a string, and a domain over json must not see that string.
create function penstock.records_sql(argument text, relation regclass, columns text[], alias text, ordinal text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('(select %1$s, penstock_p.%2$I from rows from (json_to_recordset(%3$s::json) as (%4$s)) '
                  'with ordinality as penstock_p (%5$s, %2$I)) as %6$s',
                  string_agg(format('penstock_p.%1$I%2$s as %1$I', name, penstock.read_cast(atttypid)), ', ' order by i),
                  ordinal, argument,
                  string_agg(penstock.read_column(name, atttypid, atttypmod), ', ' order by i),
                  string_agg(quote_ident(name), ', ' order by i), alias)
      from unnest(columns) with ordinality as k (name, i)
      join pg_attribute on attrelid = relation and attname = name and not attisdropped
$$;

-- apply_sql: one statement for a target table.
--   target    the table, quoted where SQL needs it
--   key       names of its key columns, in key order
--   columns   names of the columns that images carry; columns of the target beyond these stay untouched
--   rules     [{"name","check"}], predicates on the target's columns; NULL passes
--   kind      which statement:
--     upsert         $1 images. Last image of each key.
--     mixed_delete   $1 images, $2 their ordinals, $3 key objects of deletes, $4 their ordinals. Keys whose last change
--                    is a delete.
--     mixed_upsert   the same parameters; keys whose last change is an image. Goes behind mixed_delete, so that a
--                    unique value may move from a deleted row to a new one.
--     delete_keys    $1 key objects.
--     validate       $1 images. Returns (ordinal from 1, name of the first broken rule).
--     key_groups     $1 key objects. Returns in their order a number that keys share which B takes for equal.
-- "images", "key objects": JSON arrays as text. The cast of an image is that of json_populate_recordset; only the key
-- of a delete is read, since a domain that refuses NULL would refuse the columns it lacks.
create function penstock.apply_sql(target text, key text[], columns text[], rules jsonb, kind text) returns text
language plpgsql stable
-- Every name in the generated text then carries its schema.
set search_path = pg_catalog, pg_temp
as $$
declare
    relation    regclass := target::regclass;
    ordinal     text := 'ordinality';
    value       text := 'penstock_value';
    written     text;   -- columns that are written
    assignments text;   -- of ON CONFLICT DO UPDATE
    keys        text;
    guard       text;   -- true, or penstock.reject()
    first_rule  text;   -- name of the first broken rule
    images      text;   -- FROM item: the rows, their columns by name (rules use them), and the ordinal
    image       text;   -- what to select from it
begin
    -- No list of column names where none is needed: the server parses the text anew after DDL, and a list that became too
    -- short would give the ordinal's name to a column added since.
    images := format('json_populate_recordset(null::%s, $1::json) with ordinality as r', relation);
    image := 'r.*';
    if exists (select from pg_attribute where attrelid = relation and attname = ordinal and not attisdropped) then
        ordinal := 'penstock_ordinal';
        while exists (select from pg_attribute where attrelid = relation and attname in (ordinal, value)) loop
            ordinal := ordinal || '_';
            value := value || '_';
        end loop;
        image := format('r.*, e.%I', ordinal);
        images := format('json_array_elements($1::json) with ordinality as e (%I, %I), json_populate_record(null::%s, e.%1$I) as r',
                         value, ordinal, relation);
    end if;
    if exists (select from pg_attribute where attrelid = relation and not attisdropped and penstock.is_json(atttypid)) then
        image := 'r.*';
        images := penstock.records_sql('$1', relation,
            array(select attname from pg_attribute where attrelid = relation and attnum > 0 and not attisdropped
                   order by attnum), 'r', ordinal);
    end if;

    select string_agg(quote_ident(attname), ', ' order by attnum)
               filter (where attgenerated = '' and attname = any (columns)),
           string_agg(format('%1$I = excluded.%1$I', attname), ', ' order by attnum)
               filter (where attgenerated = '' and attname = any (columns)
                       -- A key that is equal may be written differently: numeric 1.0 and 1.00, citext.
                       and (attname <> all (key) or atttypid <> all (array['int2', 'int4', 'int8', 'uuid', 'date']::regtype[])))
      into written, assignments
      from pg_attribute where attrelid = relation and attnum > 0 and not attisdropped;

    select string_agg(quote_ident(name), ', ' order by i) into keys from unnest(key) with ordinality as k (name, i);
    if array_length(key, 1) is distinct from
       (select count(*) from pg_attribute where attrelid = relation and attname = any (key) and not attisdropped) then
        raise exception 'table % lacks a key column: % are needed', relation, array_to_string(key, ', ')
            using errcode = 'undefined_column';
    end if;

    select string_agg(format(E'(%s\n) is not false', rule ->> 'check'), ' and ' order by i),
           string_agg(format(E'when (%s\n) is false then %L', rule ->> 'check', rule ->> 'name'), ' ' order by i)
      into guard, first_rule
      from jsonb_array_elements(rules) with ordinality as r (rule, i);
    guard := case when guard is null then 'true' else format('case when %s then true else penstock.reject() end', guard) end;

    if kind = 'upsert' then
        return format(
            'with input as materialized (select %8$s from %1$s where %2$s), '
            'last as (select distinct on (%3$s) * from input order by %3$s, %4$I desc) '
            'insert into %5$s (%6$s) overriding system value select %6$s from last order by %4$I '
            'on conflict (%3$s) do %7$s',
            images, guard, keys, ordinal, relation, written, coalesce('update set ' || assignments, 'nothing'), image);
    elsif kind in ('mixed_delete', 'mixed_upsert') then
        return penstock.mixed_sql(kind, relation, key, keys, images, image, guard, ordinal, written, assignments);
    elsif kind = 'delete_keys' then
        return format(
            'delete from %s as t using (select distinct %s from %s) as k where %s',
            relation, keys, penstock.records_sql('$1', relation, key, 'k', ordinal), penstock.same_key(key, 't', 'k'));
    elsif kind = 'validate' then
        return case when first_rule is null
               -- Evaluated for its casts alone; a constant condition would be optimised away together with them.
               then format('select %I, null::text from %s where %1$I < 0', ordinal, images)
               else format('select %I, rule from (select %1$I, case %s end as rule from %s) as checked where rule is not null',
                           ordinal, first_rule, images) end;
    elsif kind = 'key_groups' then
        return format(
            'select dense_rank() over (order by %s) from %s order by %I',
            keys, penstock.records_sql('$1', relation, key, 'k', ordinal), ordinal);
    end if;
    raise exception 'apply_sql knows no %', kind;
end
$$;

-- same_key: "t.a = k.a and t.b = k.b".
create function penstock.same_key(key text[], t text, k text) returns text
language sql immutable strict
as $$ select string_agg(format('%1$s.%3$I = %2$s.%3$I', t, k, name), ' and ' order by i)
        from unnest(key) with ordinality as names (name, i) $$;

-- mixed_sql: apply_sql's mixed_delete and mixed_upsert.
create function penstock.mixed_sql(kind text, relation regclass, key text[], keys text, images text, image text,
                                   guard text, ordinal text, written text, assignments text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when kind = 'mixed_delete' then format(
        'with image as materialized (select %1$s, ($2::bigint[])[%2$I] as %2$I from %3$s), '
        'gone as (select distinct %1$s from (select %1$s, ($4::bigint[])[%2$I] as %2$I from %4$s) as d '
        'where not exists (select from image where %5$s and image.%2$I > d.%2$I)) '
        'delete from %6$s as t using gone where %7$s',
        keys, ordinal, penstock.records_sql('$1', relation, key, 'k', ordinal),
        penstock.records_sql('$3', relation, key, 'k', ordinal), penstock.same_key(key, 'image', 'd'), relation,
        penstock.same_key(key, 't', 'gone'))
    else format(
        'with input as materialized (select %10$s from %1$s where %2$s), '
        'gone as materialized (select %3$s, ($4::bigint[])[%4$I] as %4$I from %5$s), '
        'last as (select distinct on (%3$s) * from input order by %3$s, %4$I desc) '
        'insert into %6$s (%7$s) overriding system value select %7$s from last where not exists '
        '(select from gone where %8$s and gone.%4$I > ($2::bigint[])[last.%4$I]) order by %4$I '
        'on conflict (%3$s) do %9$s',
        images, guard, keys, ordinal, penstock.records_sql('$3', relation, key, 'k', ordinal), relation, written,
        penstock.same_key(key, 'gone', 'last'),
        coalesce('update set ' || assignments, 'nothing'), image)
    end
$$;
