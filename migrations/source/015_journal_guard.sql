-- 015_journal_guard: changes that somebody takes out of the journal before they were read are not lost without a word.
-- Functions: penstock.note_taken, penstock.guard_journal(pipeline, target, leaf). Tables touched: penstock.escaped, penstock.slot and
--   the journal (select).
-- Grants: EXECUTE revoked from PUBLIC.
--
-- Ids have gaps (rollbacks), so a change that is gone leaves no trace in those that stay. Triggers on the journal's own tables see
-- it go: a TRUNCATE or DELETE of rows that the slot's `acked` does not see makes their tables doubtful (010), until `backfill`.
-- empty_leaf fires them too, and has nothing unread to note. They cost an insert nothing. What they cannot see: DROP, a trigger
-- that was disabled or dropped first, files changed below SQL.

-- note_taken: the trigger function. Index look-ups alone: a leaf may be large, and is locked. A TRUNCATE takes rows that an older
-- snapshot does not see, so in one all tables of the pipeline count.
create function penstock.note_taken() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    of_pipeline text        := tg_argv[0];
    acked       pg_snapshot := (penstock.newest_slot(of_pipeline)).acked;
    taken       text        := 'changes of it were taken out of the journal by hand before they were read';
begin
    if tg_op = 'DELETE' then
        insert into penstock.escaped (pipeline, relation, what, at)
        select of_pipeline, g.relation, taken, min(g.changed_at) from gone as g
          join penstock.captured as c on c.pipeline = of_pipeline and c.relation = g.relation
         where not pg_visible_in_snapshot(g.txid, acked) group by g.relation;
    elsif current_setting('transaction_isolation') <> 'read committed' then
        insert into penstock.escaped (pipeline, relation, what)
        select c.pipeline, c.relation, taken from penstock.captured as c where c.pipeline = of_pipeline;
    else
        execute format('insert into penstock.escaped (pipeline, relation, what, at)
                        select c.pipeline, c.relation, $3, min(j.changed_at)
                          from (select relation, changed_at from %1$s where txid >= pg_snapshot_xmax($2)
                                union all
                                select relation, changed_at from %1$s where txid = any (array(select pg_snapshot_xip($2)))) as j
                          join penstock.captured as c on c.pipeline = $1 and c.relation = j.relation
                         group by c.pipeline, c.relation', tg_relid::regclass) using of_pipeline, acked, taken;
    end if;
    return null;
end
$$;

-- guard_journal: puts the triggers on the journal (DELETE) or on a leaf of it (TRUNCATE, too).
create function penstock.guard_journal(of_pipeline text, target text, leaf boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('create trigger penstock_deleted after delete on penstock.%I referencing old table as gone
                    for each statement execute function penstock.note_taken(%L)', target, of_pipeline);
    execute format('alter table only penstock.%I enable always trigger penstock_deleted', target);
    if leaf then
        execute format('create trigger penstock_truncated before truncate on penstock.%I
                        for each statement execute function penstock.note_taken(%L)', target, of_pipeline);
        execute format('alter table only penstock.%I enable always trigger penstock_truncated', target);
    end if;
end
$$;

revoke execute on all functions in schema penstock from public;
