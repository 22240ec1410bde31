-- 006_capture_table: installs and removes the triggers of one table.
-- Functions: penstock.journal_leaf, penstock.wanted_triggers, penstock.create_triggers,
--   penstock.capture_table(pipeline, relation, key_columns),
--   penstock.release_table(pipeline, relation), penstock.drop_journal(pipeline).
-- Tables touched: penstock.captured, penstock.slot, penstock.slice; triggers on the captured tables.
-- Grants: EXECUTE revoked from PUBLIC.

-- journal_leaf: journals every key of one partition as deleted; it is about to be truncated on its own.
create function penstock.journal_leaf(of_pipeline text, of_root oid, partition oid, leaf int) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    entry penstock.captured;
begin
    select * into entry from penstock.captured as c where c.pipeline = of_pipeline and c.root = of_root;
    if not has_table_privilege(partition, 'select') or row_security_active(partition) then
        return;
    end if;
    execute (select format('insert into penstock.%I (relation, action, n, old_rows)
                            select %L, ''delete'', count(*), string_agg(penstock_p.image, chr(30))
                              from (select %s::text as image, row_number() over () as i
                                      from (select %s from %s penstock_x) penstock_k) penstock_p
                             group by penstock_p.i / 64',
                           of_pipeline || '_cdc_' || leaf, entry.relation,
                           penstock.json_object_sql('penstock_k', entry.key_columns,
                               array_agg(coalesce(a.atttypid, 'text'::regtype) order by nth)),
                           string_agg(format('%s as %I', coalesce('penstock_x.' || quote_ident(
                                             penstock.present_name(of_root, num, a.attname)), 'null::text'), name), ', ' order by nth),
                           partition::regclass)
               from unnest(entry.key_columns, entry.key_attnums) with ordinality as u (name, num, nth)
               left join pg_attribute as a on a.attrelid = of_root and a.attnum = num and not a.attisdropped);
end
$$;

-- wanted_triggers: the triggers of a captured table and of its partitions at every level (DML fires only the triggers of the
-- table it names). A table that is partitioned itself needs no TRUNCATE trigger unless it is the root: its leaves have theirs.
create function penstock.wanted_triggers(of_pipeline text, root oid, operators text[], key_columns text[])
returns table (target oid, name text, event text, clauses text, suffix text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.oid, format('penstock_%s_%s', of_pipeline, w.name), w.event, w.clauses, w.suffix
      from pg_class as r
     cross join lateral (select r.oid union select relid from pg_partition_tree(r.oid)) as t (oid)
      join pg_class as c on c.oid = t.oid
     cross join lateral (values
           ('insert', 'after insert', 'referencing new table as penstock_new for each statement', '_insert', true),
           ('update', 'after update', case when r.relkind = 'p' then 'referencing old table as penstock_old new table as '
               'penstock_new for each statement' else 'referencing new table as penstock_new for each statement' end,
               '_update', true),
           ('delete', 'after delete', 'referencing old table as penstock_old for each statement', '_delete', true),
           ('truncate', 'before truncate', 'for each statement', '_truncate', c.oid = r.oid or c.relkind = 'r'),
           ('truncated', 'after truncate', 'for each statement', '_truncate', c.oid = r.oid),
           ('move', 'after update', 'for each row when (not ('
               || (select string_agg(format('old.%I %s new.%I', k, o, k), ' and ')
                     from unnest(key_columns, operators) as u (k, o)) || '))', '_move', r.relkind <> 'p'))
           as w (name, event, clauses, suffix, needed)
     where r.oid = root and w.needed
$$;

-- create_triggers: the triggers of one table or partition; those that are there already stay.
-- They fire under session_replication_role = replica too (a restore, another replication tool), where the role may say
-- so: that is the owner's right, beyond TRIGGER.
create function penstock.create_triggers(of_pipeline text, root oid, target oid, operators text[], key_columns text[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    function text    := 'penstock.' || quote_ident(of_pipeline || '_' || root);
    owner    boolean := (select pg_has_role(c.relowner, 'usage') from pg_class as c where c.oid = target);
    wanted   record;
begin
    for wanted in
        select w.* from penstock.wanted_triggers(of_pipeline, root, operators, key_columns) as w
         where w.target = create_triggers.target
           and not exists (select from pg_trigger as t where t.tgrelid = w.target and t.tgname = w.name)
    loop
        execute format('create trigger %I %s on %s %s execute function %s()', wanted.name, wanted.event,
                       wanted.target::regclass, wanted.clauses, function || wanted.suffix);
        if owner then
            execute format('alter table only %s enable always trigger %I', wanted.target::regclass, wanted.name);
        end if;
    end loop;
end
$$;

-- capture_table: installs, or brings up to date, the functions and triggers of a table and of its partitions at
-- every level (DML fires only the triggers of the table it names), and records it. key_columns null: the primary
-- key. key_index_built: the caller built the index for this. Takes SHARE ROW EXCLUSIVE on each table it adds a
-- trigger to: the caller sets lock_timeout and tries again. Returns the relation as recorded.
create function penstock.capture_table(pipeline text, relation regclass, key_columns text[],
                                       key_index_built boolean default false) returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    name   text := (select format('%I.%I', n.nspname, c.relname) from pg_class as c
                      join pg_namespace as n on n.oid = c.relnamespace where c.oid = relation);
    key    record;
    before penstock.captured;
    target oid;
begin
    select * into key from penstock.find_key(relation, key_columns);
    if not found then
        raise exception 'no immediate unique index on the key of %', name using errcode = 'invalid_table_definition';
    end if;
    select * into before from penstock.captured as c where c.pipeline = pipeline and c.root = relation;
    if found and (before.key_attnums, before.key_columns, before.key_index, before.relation)
                 is distinct from (key.attnums, key.columns, key.key_index, name) then
        perform penstock.release_table(pipeline, before.relation);
    end if;
    -- Another table of this name was captured before; it was dropped, or bears another name now.
    perform penstock.release_table(c.pipeline, c.relation) from penstock.captured as c
      where c.pipeline = pipeline and c.relation = name and c.root <> relation;
    insert into penstock.captured as c (pipeline, relation, root, key_columns, key_attnums, key_operators, key_index,
                                        key_index_built, columns)
    select pipeline, name, relation, key.columns, key.attnums, key.operators, key.key_index,
           key_index_built or coalesce(before.key_index_built and before.key_index = key.key_index, false),
           (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                                'attnum', a.attnum) order by a.attnum)
              from pg_attribute as a where a.attrelid = relation and a.attnum > 0 and not a.attisdropped)
        on conflict on constraint captured_pkey do update
       set columns = excluded.columns, key_index_built = c.key_index_built or excluded.key_index_built;
    perform penstock.create_capture_functions(
        penstock.capture_fields(pipeline, relation, name, key.columns, key.operators),
        (select c.relkind = 'p' from pg_class as c where c.oid = relation));
    perform penstock.note_capture(pipeline);    -- what was missing until now
    for target in select relation::oid union select t.relid from pg_partition_tree(relation) as t loop
        perform penstock.create_triggers(pipeline, relation, target, key.operators, key.columns);
    end loop;
    perform penstock.note_capture(pipeline);
    return name;
end
$$;

-- release_table: takes capture off a table. Dropping our function with CASCADE takes its triggers along, which
-- DROP TRIGGER would allow only to the table's owner. An index that migrate built is the caller's to drop.
create function penstock.release_table(pipeline text, relation text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
#variable_conflict use_variable
declare
    entry  penstock.captured;
    suffix text;
begin
    delete from penstock.captured as c where c.pipeline = pipeline and c.relation = relation returning * into entry;
    if not found then
        return false;
    end if;
    delete from penstock.request as r where r.pipeline = pipeline and r.relation = relation;
    foreach suffix in array array['_insert', '_update', '_delete', '_truncate', '_move'] loop
        execute format('drop function if exists penstock.%I() cascade', pipeline || '_' || entry.root || suffix);
    end loop;
    return true;
end
$$;

-- drop_journal: releases every table of the pipeline and drops its journal, slot and slices.
create function penstock.drop_journal(pipeline text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
#variable_conflict use_variable
begin
    perform penstock.release_table(c.pipeline, c.relation) from penstock.captured as c where c.pipeline = pipeline;
    execute format('drop table if exists penstock.%I cascade', pipeline || '_cdc');
    execute format('drop sequence if exists penstock.%I', pipeline || '_cdc_id_seq');
    execute format('drop sequence if exists penstock.%I', pipeline || '_cdc_ring_seq');
    delete from penstock.slice as s where s.pipeline = pipeline;
    delete from penstock.slot as s where s.pipeline = pipeline;
end
$$;

revoke execute on all functions in schema penstock from public;
