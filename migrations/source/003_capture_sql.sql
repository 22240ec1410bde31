-- 003_capture_sql: the texts the capture functions are generated from, and what they fall back on.
-- Functions: penstock.find_key, penstock.planted, penstock.insert_sql, penstock.present_columns, penstock.installed_columns,
--   penstock.as_installed, penstock.image_as_installed, penstock.touched_keys, penstock.not_stale_sql, penstock.reread_sql,
--   penstock.journal_keys, penstock.planner_settings, penstock.capture_settings, penstock.pin_settings, penstock.image_settings.
-- Tables touched: the journal (insert), penstock.captured, the captured tables (select).
-- Grants: EXECUTE revoked from PUBLIC.

-- find_key: the unique index behind a key: the primary key when key_columns is null, otherwise an immediate,
-- valid, whole-table unique index on exactly these NOT NULL columns. Only such an index makes the journal's order
-- the order of commits for a key. No row when there is none. `operators` compare the key's columns, qualified:
-- search_path is pinned where they are used, and the "=" of citext is not in pg_catalog.
create function penstock.find_key(relation regclass, key_columns text[])
returns table (key_index oid, columns text[], attnums int2[], operators text[])
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select i.indexrelid, k.columns, k.attnums, k.operators
      from pg_index as i
     cross join lateral (
           select array_agg(a.attname::text order by p.place), array_agg(a.attnum order by p.place),
                  array_agg(format('operator(%I.%s)', n.nspname, o.oprname) order by p.place),
                  bool_and(a.attnotnull)
             from (select coalesce(array_position(key_columns, b.attname::text), u.nth) as place, u.nth, b.*
                     from unnest(i.indkey::int2[]) with ordinality as u (num, nth)
                     join pg_attribute as b on b.attrelid = i.indrelid and b.attnum = u.num
                    where u.nth <= i.indnkeyatts) as p
             join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = p.attnum
             join pg_opclass as c on c.oid = (i.indclass::oid[])[p.nth - 1]
             join pg_amop as m on m.amopfamily = c.opcfamily and m.amopstrategy = 3
                              and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype
             join pg_operator as o on o.oid = m.amopopr
             join pg_namespace as n on n.oid = o.oprnamespace) as k (columns, attnums, operators, not_null)
     where i.indrelid = relation and i.indisunique and i.indimmediate and i.indisvalid
       and i.indpred is null and i.indexprs is null and k.not_null
       and case when key_columns is null then i.indisprimary
                else cardinality(key_columns) = i.indnkeyatts and k.columns @> key_columns end
     order by i.indisprimary desc, i.indnatts, i.indexrelid
     limit 1
$$;

-- planted: what the planner would run as whoever reads a table: functions of users in its indexes, statistics and partition
-- keys. Null: nothing. Superusers' and extensions' are trusted, our own role's, and those of a role that owns every captured
-- table anyway: it would gain nothing.
create function penstock.planted(root oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('%s calls %s of %I, which would run with the rights of %I', pg_describe_object(d.classid, d.objid, 0),
                  p.oid::regprocedure, pg_get_userbyid(p.proowner), current_user)
      from (select root as oid union select relid from pg_partition_tree(root)) as t
     cross join lateral (
           select 'pg_class'::regclass as classid, t.oid as objid
            union all select 'pg_class'::regclass, i.indexrelid from pg_index as i where i.indrelid = t.oid
            union all select 'pg_statistic_ext'::regclass, s.oid from pg_statistic_ext as s where s.stxrelid = t.oid) as o
      join pg_depend as d on d.classid = o.classid and d.objid = o.objid
      left join pg_operator as op on d.refclassid = 'pg_operator'::regclass and op.oid = d.refobjid
      join pg_proc as p on p.oid = case when d.refclassid = 'pg_proc'::regclass then d.refobjid else op.oprcode end
      join pg_roles as r on r.oid = p.proowner
     where not r.rolsuper and r.rolname <> current_user
       and not exists (select from pg_depend as e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
       and exists (select from penstock.captured as c join pg_class as k on k.oid = c.root
                    where not pg_has_role(p.proowner, k.relowner, 'usage'))
     limit 1
$$;

-- planner_settings: the SET clauses of every function that reads or writes captured rows. enable_seqscan: a re-read by key planned
-- while the table was small stays right.
create function penstock.planner_settings() returns text
language sql immutable
as $$
    select 'set search_path = pg_catalog, pg_temp set row_security = off set plan_cache_mode = ''auto'' '
           'set constraint_exclusion = off set enable_seqscan = off set jit = off'
$$;

-- capture_settings: with those of the functions that write images. The text of a value must not depend on the session.
create function penstock.capture_settings() returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select penstock.planner_settings() || ' set work_mem = ''16MB'' set DateStyle = ''ISO, MDY'' set TimeZone = ''UTC'' '
           'set IntervalStyle = ''postgres'' set bytea_output = ''hex'' set extra_float_digits = 1 set lc_monetary = ''C'' '
           'set quote_all_identifiers = off'
$$;

-- pin_settings: gives a function of ours these settings, beside its own.
create function penstock.pin_settings(of_function regprocedure) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$ begin execute format('alter function %s %s', of_function, penstock.capture_settings()); end $$;

-- image_settings: those of them that the images of a table need. Each costs every statement of a writer about 0.5 µs: what no
-- column's type asks for is left out. identities: a column's name will be compared with what it was, as pg_identify_object
-- quotes it.
create function penstock.image_settings(root oid, identities boolean default false) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when bool_or(needed = 'all') then penstock.capture_settings()
                else penstock.planner_settings() || coalesce(string_agg(distinct needed, ''), '')
                     || case when identities then ' set quote_all_identifiers = off' else '' end end
      from (select case when t = any (array['int2', 'int4', 'int8', 'numeric', 'bool', 'text', 'varchar', 'bpchar', 'uuid', 'json',
                                            'jsonb', 'date', 'timestamp', 'time']::regtype[]) then null
                        when t = 'timestamptz'::regtype then ' set TimeZone = ''UTC'''
                        when t = any (array['float4', 'float8']::regtype[]) then ' set extra_float_digits = 1'
                        when t = 'bytea'::regtype then ' set bytea_output = ''hex'''
                        when t = 'interval'::regtype then ' set IntervalStyle = ''postgres'''
                        else 'all' end as needed
              from (select penstock.base_type(a.atttypid) as t from pg_attribute as a
                     where a.attrelid = root and a.attnum > 0 and not a.attisdropped) as types) as settings
$$;

-- insert_sql: one statement of the capture function for each leaf, chosen by the variable penstock_leaf.
-- A plain insert into a leaf costs half of one routed by a partitioned or triggered parent.
create function penstock.insert_sql(statement text, fields jsonb) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(format(E'%s penstock_leaf = %s then\n%s;\n', case leaf when 0 then 'if' else 'elsif' end, leaf,
                             penstock.fill(statement, fields || jsonb_build_object('leaf',
                                 format('penstock.%I', (fields ->> 'pipeline') || '_cdc_' || leaf)))),
                      '' order by leaf) || 'end if;'
      from generate_series(0, 2) as leaf
$$;

-- present_columns: the columns of a table as they are now. pg_attribute shows a transaction of REPEATABLE READ what was there
-- when it began, while its statements are parsed by what is there now: the catalog's cache knows the names. And it shows
-- twice what this transaction altered itself after another one had, since it began: the younger is in force.
create function penstock.present_columns(root oid) returns table (attnum int2, name text, type oid, typmod int4)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select seen.attnum, now.name, seen.atttypid, seen.atttypmod
      from (select distinct on (a.attnum) a.*
              from pg_attribute as a
             where a.attrelid = root and a.attnum > 0 and not a.attisdropped
             order by a.attnum, age(a.xmin)) as seen
     cross join lateral (
           select case when current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then seen.attname::text
                       else (pg_identify_object_as_address('pg_class'::regclass, root, seen.attnum)).object_names[3] end) as now (name)
     where now.name is not null and now.name not like '........pg.dropped.%'
$$;

-- installed_columns: the columns of a captured table, its key's, found by number, under the names they had when installed:
-- under these B knows them. A column that took over the name of one goes under a name that B can hardly have, and so waits
-- there.
create function penstock.installed_columns(entry penstock.captured)
returns table (attnum int2, present text, installed text, type oid)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select p.attnum, p.name,
           coalesce(k.name, case when p.name = any (entry.key_columns) then p.name || ' (another column)' end, p.name),
           p.type
      from penstock.present_columns(entry.root) as p
      left join unnest(entry.key_columns, entry.key_attnums) as k (name, num) on k.num = p.attnum
$$;

-- as_installed: SQL text of a FROM item (without its alias) that shows the table with these columns. While no key column is
-- renamed it is the table itself. ONLY: tables that inherit from it are tables of their own. `part`: of one partition;
-- `condition`: some of its rows, there called penstock_y.
create function penstock.as_installed(entry penstock.captured, part oid default null, condition text default null) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when bool_and(present = installed) and condition is null then min(t.name)
                else format('(select %s from %s penstock_y%s)',
                            string_agg(format('penstock_y.%I as %I', present, installed), ', ' order by attnum),
                            min(t.name), ' where ' || condition) end
      from penstock.installed_columns(entry)
     -- pg_class as well may show the table twice.
     cross join (select min(case c.relkind when 'p' then '' else 'only ' end || c.oid::regclass)
                   from pg_class as c where c.oid = coalesce(part, entry.root)) as t (name)
$$;

-- image_as_installed: the expression that writes a row of it.
create function penstock.image_as_installed(entry penstock.captured, alias text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select penstock.json_object_sql(alias, array_agg(installed order by attnum), array_agg(type order by attnum))
      from penstock.installed_columns(entry)
$$;

-- touched_keys: SQL text that yields the touched key objects, text[], from the given transition tables under the
-- columns' present names (found by number), as objects with the names they had when installed. A key column that
-- is gone yields null. For the rare statement that comes after a rename, so looked up at every call.
create function penstock.touched_keys(of_pipeline text, of_root oid, transitions text[]) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select 'select array_agg(distinct ' || penstock.json_object_sql('penstock_k', c.key_columns, k.types)
           || '::text) from (' || string_agg('select ' || k.list || ' from ' || t || ' penstock_x', ' union all ')
           || ') penstock_k'
      from penstock.captured as c
     cross join lateral (
           select string_agg(format('%s as %I', coalesce('penstock_x.' || quote_ident(p.name), 'null::text'), u.name),
                             ', ' order by u.nth),
                  array_agg(coalesce(p.type, 'text'::regtype) order by u.nth)
             from unnest(c.key_columns, c.key_attnums) with ordinality as u (name, num, nth)
             left join penstock.present_columns(c.root) as p on p.attnum = u.num) as k (list, types)
     cross join unnest(transitions) as t
     where c.pipeline = of_pipeline and c.root = of_root
     group by c.key_columns, k.types
$$;

-- not_stale_sql: SQL text of a condition that leaves rows out which are not there any more. A transaction of REPEATABLE READ
-- sees a row that another one has deleted since, and may put a new one of the same key beside it: what it reads again of
-- its own doing then is that one. A row that it sees was deleted (xmax), and it did not write it itself: all it writes has an
-- id behind its snapshot, unless it drew one before it took that.
create function penstock.not_stale_sql(alias text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format('(current_setting(''transaction_isolation'') in (''read committed'', ''read uncommitted'') or %1$s.xmax = 0 '
                  'or %1$s.xmin = pg_current_xact_id()::xid '
                  'or age(%1$s.xmin) <= age(pg_snapshot_xmax(pg_current_snapshot())::xid))', alias)
$$;

-- reread_sql: journals the row of the key object $1 as it stands now in a partition, or in the table; null where the table
-- cannot be read, or a key column was dropped.
create function penstock.reread_sql(entry penstock.captured, part oid, journal text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when count(p.name) = cardinality(entry.key_columns)
                     and has_table_privilege(entry.root, 'select') and not row_security_active(entry.root)
           then format('insert into %s (relation, action, n, new_rows) select %L, ''update'', 1, %s
                          from %s penstock_t, json_to_record($1) penstock_k (%s)
                         where %s', journal, entry.relation, penstock.image_as_installed(entry, 'penstock_t'),
                       penstock.as_installed(entry, part, penstock.not_stale_sql('penstock_y')),
                       string_agg(penstock.read_key(u.name, p.type, p.typmod), ', '),
                       string_agg(format('penstock_t.%1$I %2$s penstock_k.%1$I%3$s', u.name, operator,
                                         penstock.read_key_cast(p.type)), ' and ')) end
      from unnest(entry.key_columns, entry.key_attnums, entry.key_operators) as u (name, num, operator)
      left join penstock.present_columns(entry.root) as p on p.attnum = u.num
$$;

-- journal_keys: journals the given keys as they stand now in the table, a row each: 'update' with the present
-- image, 'delete' when absent, 'oversize' when the image cannot be written as JSON (or the key cannot be looked
-- up any more because one of its columns was dropped). Never fails for the row's sake. It runs for keys of rows
-- above a megabyte and after alterations only: the subtransactions stay out of the common path.
-- part: the table that the statement named. A partition holds all rows of its keys, and whoever writes it by its own name
-- holds no lock on the root, which may be renamed at any moment, and must not wait for those who hold one.
create function penstock.journal_keys(of_pipeline text, of_root oid, part oid, leaf int, keys text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set array_nulls = on
as $$
declare
    entry   penstock.captured;
    journal text := format('penstock.%I', of_pipeline || '_cdc_' || leaf);
    reread  text;
    key     text;
    done    bigint;
    act     text;
begin
    select * into entry from penstock.captured as c where c.pipeline = of_pipeline and c.root = of_root;
    reread := penstock.reread_sql(entry, part, journal);
    foreach key in array coalesce(keys, '{}') loop
        act := 'delete';
        if reread is null then
            act := 'oversize';
        else
            begin
                execute reread using key::json;
                get diagnostics done = row_count;
                continue when done > 0;
            exception when program_limit_exceeded or internal_error or out_of_memory then
                act := 'oversize';
            end;
        end if;
        execute format('insert into %s (relation, action, n, old_rows) values ($1, $2, 1, $3)', journal)
          using entry.relation, act, key;
    end loop;
end
$$;
select penstock.pin_settings('penstock.journal_keys(text, oid, oid, int, text[])');

revoke execute on all functions in schema penstock from public;
