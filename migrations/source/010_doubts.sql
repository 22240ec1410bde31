-- 010_doubts: whether every change of a captured table is still journaled, and since when not.
-- Functions: penstock.trigger_print, penstock.capture_state, penstock.note_capture, penstock.watch_capture, penstock.doubts.
-- Tables touched: penstock.captured, penstock.request, the catalog; triggers on new partitions.
-- Grants: EXECUTE revoked from PUBLIC.
--
-- Triggers can be dropped, or disabled and enabled again (ALTER TABLE ... DISABLE TRIGGER around a bulk load), and partitions
-- come and go. What is remembered of each table: when it was last found whole, with which partitions and triggers. A
-- table that is found otherwise is doubtful since then, until all of it is copied again. A partition that is new is no doubt: it
-- gets triggers, and what it holds is copied. (What somebody wrote by the partition's own name before it had triggers is copied
-- too; a row that he deleted by that name, and that B had, is left to `verify`.)

-- trigger_print: changes with whatever is done to a pipeline's triggers on some tables.
create function penstock.trigger_print(of_pipeline text, targets oid[]) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(md5(string_agg(concat_ws(' ', t.oid, t.xmin, t.tgenabled), ',' order by t.oid)), '')
      from pg_trigger as t
     where t.tgrelid = any (targets)
       and t.tgname = any (array(select 'penstock_' || of_pipeline || '_' || n
                                   from unnest(array['insert', 'update', 'delete', 'truncate', 'truncated', 'move', 'row']) as n))
$$;

-- capture_state: what is seen now of the triggers of a pipeline's tables.
--   targets    the table and its partitions
--   as_before  all that was there when it was last found whole is there, untouched
--   problem    what is missing, and its cure; null: the table is captured wholly
create function penstock.capture_state(of_pipeline text)
returns table (relation text, targets oid[], as_before boolean, problem text, cure text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.relation, tree.targets,
           c.targets is null or (c.targets <@ tree.targets and penstock.trigger_print(of_pipeline, c.targets) = c.triggers),
           case when r.oid is null then 'the table is gone (dropped, perhaps created anew)'
                when broken.name is null then null
                when not broken.there and not c.by_rows and penstock.needs_row_triggers(c.root)
                then 'it belongs to an inheritance tree or is fed by a subscription, which its triggers do not see'
                else format('trigger %s of %s is %s', broken.name, broken.target::regclass,
                            case when broken.there then 'disabled' else 'missing' end) end,
           case when broken.there then format('run  alter table %s enable %strigger %I', broken.target::regclass,
                                                 case when broken.subscribed then 'always ' end, broken.name)
                when not has_table_privilege(broken.target, 'trigger')
                then format('run  grant trigger on %s to %I  and `penstock migrate`', broken.target::regclass, current_user)
                else 'run `penstock migrate`' end
      from penstock.captured as c
      left join pg_class as r on r.oid = c.root
     cross join lateral (select array_agg(t.oid) as targets
                           from (select r.oid union select relid from pg_partition_tree(r.oid)) as t (oid)) as tree
      left join lateral (
           select w.target, w.name, t.oid is not null as there, s.subscribed
             from penstock.wanted_triggers(of_pipeline, c.root, c.key_operators, c.key_columns) as w
             left join pg_trigger as t on t.tgrelid = w.target and t.tgname = w.name
            cross join lateral (select exists (select from pg_subscription_rel where srrelid = w.target)) as s (subscribed)
            -- The worker of a subscription fires those alone that are enabled always.
            where t.oid is null or t.tgenabled not in ('A', case when s.subscribed then 'A' else 'O' end)
            order by w.target <> c.root, w.target, w.name limit 1) as broken on true
     where c.pipeline = of_pipeline
$$;

-- note_capture: remembers what capture_state sees, and asks for the rows of partitions that are new.
create function penstock.note_capture(of_pipeline text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    with state as materialized (
        select * from penstock.capture_state(of_pipeline)),
    noted as (
        update penstock.captured as c
           set doubtful_since = case when s.as_before then c.doubtful_since else coalesce(c.doubtful_since, c.whole_at) end,
               targets = case when s.problem is null then s.targets else c.targets end,
               triggers = case when s.problem is null then penstock.trigger_print(of_pipeline, s.targets) else c.triggers end,
               whole_at = case when s.problem is null then clock_timestamp() else c.whole_at end
          from state as s
         where c.pipeline = of_pipeline and c.relation = s.relation
           and (not s.as_before
                or (s.problem is null and (c.targets is null or not s.targets <@ c.targets
                                           -- Not oftener: a row updated in place keeps its versions while a snapshot is open.
                                           or c.whole_at < clock_timestamp() - interval '30 seconds'))))
    select penstock.request_table(of_pipeline, s.relation, leaf.oid)
      from state as s
      join penstock.captured as c on c.pipeline = of_pipeline and c.relation = s.relation
      join pg_class as leaf on leaf.oid = any (s.targets) and leaf.oid <> all (c.targets) and leaf.relkind = 'r'
     where s.problem is null
$$;

-- doubts: the tables whose copy cannot be trusted, since when, and what to do.
create function penstock.doubts(of_pipeline text) returns table (relation text, since timestamptz, message text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.relation, d.since,
           format('%s: %s; changes since %s may be missing on B: %s`penstock backfill %s`', c.relation,
                  coalesce(s.problem, case when c.by_rows then 'statements or triggers escaped its capture for a while' end,
                           'its triggers or partitions were taken away for a while'),
                  coalesce(to_char(d.since at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'it was installed'),
                  case when s.problem is null then 'run ' else s.cure || ', then ' end, c.relation)
      from penstock.captured as c
      join penstock.capture_state(of_pipeline) as s on s.relation = c.relation
     cross join lateral (select coalesce(c.doubtful_since, c.whole_at) as since) as d
     where c.pipeline = of_pipeline and (c.doubtful_since is not null or s.problem is not null or not s.as_before)
     order by c.relation
$$;

-- watch_capture: the reader's check now and then: gives triggers to partitions that are new, and row triggers to tables that
-- need them from now on, where it may and no writer is in the way, generates the functions of altered tables anew, and notes
-- what it sees. Returns the doubts.
create function penstock.watch_capture(of_pipeline text) returns table (message text)
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '50ms'   -- writers queue behind us that long at most
as $$
declare
    fresh record;
begin
    for fresh in
        select c.root from penstock.captured as c
         where c.pipeline = of_pipeline and not c.by_rows and penstock.needs_row_triggers(c.root)
    loop
        begin
            update penstock.captured as c set by_rows = true where c.pipeline = of_pipeline and c.root = fresh.root;
            perform penstock.install_triggers(of_pipeline, fresh.root);
        exception when lock_not_available or insufficient_privilege then
            null;   -- the doubts name it
        end;
    end loop;
    for fresh in
        select c.root, t.relid, c.key_operators, c.key_columns
          from penstock.captured as c cross join lateral pg_partition_tree(c.root) as t
         where c.pipeline = of_pipeline and t.relid::oid <> all (c.targets)
    loop
        begin
            perform penstock.create_triggers(of_pipeline, fresh.root, fresh.relid, fresh.key_operators, fresh.key_columns);
        exception when lock_not_available or insufficient_privilege or wrong_object_type then
            null;   -- the doubts name it
        end;
    end loop;
    perform penstock.renew_functions(of_pipeline);
    perform penstock.note_capture(of_pipeline);
    return query select d.message from penstock.doubts(of_pipeline) as d;
end
$$;

revoke execute on all functions in schema penstock from public;
