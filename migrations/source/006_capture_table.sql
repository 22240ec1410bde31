-- 006_capture_table: installs and removes the triggers of one table.
-- Functions: penstock.journal_leaf, penstock.needs_row_triggers, penstock.wanted_triggers, penstock.create_triggers,
--   penstock.generate_functions, penstock.renew_functions, penstock.capture_table(pipeline, relation, key_columns),
--   penstock.release_table(pipeline, relation), penstock.drop_journal(pipeline).
-- Tables touched: penstock.captured, penstock.slot, penstock.slice, penstock.unlogged_marker; triggers on the captured
--   tables.
-- Grants: EXECUTE revoked from PUBLIC.

-- journal_leaf: journals every key of one partition as deleted; it is about to be truncated on its own. TRUNCATE takes rows
-- that a transaction's own older snapshot does not see, and so nothing here can name them: then the table is doubtful (010).
create function penstock.journal_leaf(of_pipeline text, of_root oid, partition oid, leaf int) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    entry    penstock.captured;
    readable boolean := has_table_privilege(partition, 'select') and not row_security_active(partition);
begin
    select * into entry from penstock.captured as c where c.pipeline = of_pipeline and c.root = of_root;
    if current_setting('transaction_isolation') <> 'read committed' or not readable then
        insert into penstock.escaped (pipeline, relation, what)
        values (of_pipeline, entry.relation,
                format('%s was truncated alone %s', partition::regclass,
                       case when readable then format('in a %s transaction, which cannot see all its rows',
                                                      upper(current_setting('transaction_isolation')))
                            else format('while %I could not read it', current_user) end));
    end if;
    if not readable then
        return;
    end if;
    if entry.key_columns = '{}' then
        perform penstock.journal_leaf_rows(entry, partition, leaf);
        return;
    end if;
    execute (select format('insert into penstock.%I (relation, action, n, old_rows)
                            select %L, ''delete'', count(*), string_agg(penstock_p.image, chr(30))
                              from (select %s::text as image, row_number() over () as i
                                      from (select %s from %s penstock_x) penstock_k) penstock_p
                             group by penstock_p.i / 64',
                           of_pipeline || '_cdc_' || leaf, entry.relation,
                           penstock.json_object_sql('penstock_k', entry.key_columns,
                               array_agg(coalesce(p.type, 'text'::regtype) order by u.nth)),
                           string_agg(format('%s as %I', coalesce('penstock_x.' || quote_ident(p.name), 'null::text'), u.name),
                                      ', ' order by u.nth),
                           partition::regclass)
               from unnest(entry.key_columns, entry.key_attnums) with ordinality as u (name, num, nth)
               left join penstock.present_columns(of_root) as p on p.attnum = u.num);
end
$$;

-- needs_row_triggers: whether statements reach the table's rows, or its partitions', without its statement triggers (013).
create function penstock.needs_row_triggers(root oid) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (select from pg_inherits as i join pg_class as c on c.oid = root
                    where c.relkind = 'r' and not c.relispartition and root in (i.inhrelid, i.inhparent))
        or exists (select from pg_subscription_rel as s
                    where s.srrelid = root or s.srrelid in (select relid from pg_partition_tree(root)))
$$;

-- wanted_triggers: the triggers of a captured table and of its partitions at every level (DML fires only the triggers of the
-- table it names). A table that is partitioned itself needs no TRUNCATE trigger unless it is the root: its leaves have theirs.
create function penstock.wanted_triggers(of_pipeline text, root oid, operators text[], key_columns text[])
returns table (target oid, name text, event text, clauses text, suffix text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- Materialized: otherwise the planner asks for every relation of the catalog what is asked for the few of this tree.
    with of_root as materialized (
        select r.oid, r.relkind,
               penstock.needs_row_triggers(r.oid)
               or exists (select from penstock.captured as e where e.pipeline = of_pipeline and e.root = r.oid and e.by_rows) as by_rows
          from pg_class as r
         where r.oid = wanted_triggers.root),
    tree as materialized (
        select t.oid, (select c.relkind from pg_class as c where c.oid = t.oid) as relkind
          from (select wanted_triggers.root as oid union select relid from pg_partition_tree(wanted_triggers.root)) as t)
    select c.oid, format('penstock_%s_%s', of_pipeline, w.name), w.event, w.clauses, w.suffix
      from of_root as r
     cross join tree as c
     cross join lateral (values
           ('row', 'after insert or update or delete', 'for each row', '_row', r.by_rows and c.relkind = 'r'),
           ('insert', 'after insert', 'referencing new table as penstock_new for each statement', '_insert', not r.by_rows),
           ('update', 'after update', case when r.relkind = 'p' or key_columns = '{}' then 'referencing old table as penstock_old new table as '
               'penstock_new for each statement' else 'referencing new table as penstock_new for each statement' end,
               '_update', not r.by_rows),
           ('delete', 'after delete', 'referencing old table as penstock_old for each statement', '_delete', not r.by_rows),
           ('truncate', 'before truncate', 'for each statement', '_truncate', c.oid = r.oid or c.relkind = 'r'),
           ('truncated', 'after truncate', 'for each statement', '_truncate', c.oid = r.oid),
           ('move', 'after update', 'for each row when (not ('
               || (select string_agg(format('old.%I %s new.%I', k, o, k), ' and ')
                     from unnest(key_columns, operators) as u (k, o)) || '))', '_move',
            r.relkind <> 'p' and key_columns <> '{}' and not r.by_rows))
           as w (name, event, clauses, suffix, needed)
     where w.needed
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

-- generate_functions: the functions of a captured table, for its columns as they are. The triggers stay what they are, and
-- no lock is taken on the table: a statement under way ends with the functions it began with, which are as exact.
create function penstock.generate_functions(entry penstock.captured) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    fields jsonb := penstock.capture_fields(entry.pipeline, entry.root, entry.relation, entry.key_columns, entry.key_operators);
begin
    if entry.key_columns = '{}' then
        perform penstock.create_multiset_functions(fields, entry.by_rows);
    else
        perform penstock.create_capture_functions(fields, (select c.relkind = 'p' from pg_class as c where c.oid = entry.root),
                                                  entry.by_rows);
    end if;
    update penstock.captured as c
       set columns = penstock.columns_print(c.root), file = pg_relation_filenode(c.root)
     where c.pipeline = entry.pipeline and c.relation = entry.relation;
end
$$;

-- renew_functions: the same for the tables of a pipeline that were altered since, or have a new file: theirs are exact, but
-- cost a writer some queries a statement. Not while the table or a key column bears another name than when installed, nor
-- while `migrate` is at work.
create function penstock.renew_functions(of_pipeline text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_try_advisory_xact_lock(penstock.lock_key(of_pipeline, 'migrate')) then
        return;
    end if;
    perform penstock.generate_functions(c)
       from penstock.captured as c
      where c.pipeline = of_pipeline
        and (c.columns, c.file) is distinct from (penstock.columns_print(c.root), pg_relation_filenode(c.root))
        and c.relation = (select format('%I.%I', n.nspname, r.relname) from pg_class as r
                            join pg_namespace as n on n.oid = r.relnamespace where r.oid = c.root)
        and not exists (select from unnest(c.key_columns, c.key_attnums) as k (name, num)
                          left join pg_attribute as a on a.attrelid = c.root and a.attnum = num and a.attname = name
                         where a.attname is null);
end
$$;

-- capture_table: installs, or brings up to date, the functions and triggers of a table and of its partitions at
-- every level (DML fires only the triggers of the table it names), and records it. key_columns null: the primary
-- key, or none where the table has none (011). key_index_built: the caller built the index for this. Takes SHARE ROW
-- EXCLUSIVE on each table it adds a trigger to: the caller sets lock_timeout and tries again. Returns the relation as
-- recorded.
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
begin
    select * into key from penstock.find_key(relation, key_columns);
    if not found and key_columns is null
       and not exists (select from pg_index as i where i.indrelid = relation and i.indisprimary) then
        select 0::oid as key_index, '{}'::text[] as columns, '{}'::int2[] as attnums, '{}'::text[] as operators into key;
    end if;
    if key.columns is null then
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
                                        key_index_built, by_rows)
    values (pipeline, name, relation, key.columns, key.attnums, key.operators, key.key_index,
            key_index_built or coalesce(before.key_index_built and before.key_index = key.key_index, false),
            penstock.needs_row_triggers(relation))
        on conflict on constraint captured_pkey do update
       set by_rows = excluded.by_rows, key_index_built = c.key_index_built or excluded.key_index_built;
    perform penstock.note_capture(pipeline);    -- what was missing until now
    perform penstock.install_triggers(pipeline, relation);
    -- Row triggers see whatever statement triggers see: a table that left its tree has lost nothing.
    update penstock.captured as c set targets = null, triggers = null
     where c.pipeline = pipeline and c.root = relation and before.by_rows and not c.by_rows;
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
    delete from penstock.escaped as e where e.pipeline = pipeline and e.relation = relation;
    foreach suffix in array array['_insert', '_update', '_delete', '_truncate', '_move', '_row'] loop
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
    delete from penstock.unlogged_marker as m where m.pipeline = pipeline;
    delete from penstock.slice as s where s.pipeline = pipeline;
    delete from penstock.slot as s where s.pipeline = pipeline;
end
$$;

revoke execute on all functions in schema penstock from public;
