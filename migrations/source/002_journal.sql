-- 002_journal: the change table of a pipeline, a ring of three leaves.
-- Functions: penstock.create_journal(pipeline), penstock.rotate_ring(pipeline, leaf_bytes_max, retain),
--   penstock.empty_leaf(pipeline, retain). Tables touched: penstock.<pipeline>_cdc and its leaves, penstock.slot.
-- Grants: EXECUTE revoked from PUBLIC.
--
-- The ring. Writers append to the leaf whose number stands in the sequence <pipeline>_cdc_ring_seq. A sequence,
-- because it is read without a lock and is not transactional: a writer sees a rotation at once, and a rotation
-- waits for nobody. A writer may read the position, and the ring turn before it inserts: it then appends to a
-- leaf that is no longer current. That is harmless: batches are found by transaction id in all leaves alike,
-- and a leaf is emptied only under a lock that excludes writers, after looking again.

-- create_journal: parent, leaves, indexes, sequences and the people's view. Idempotent.
create function penstock.create_journal(pipeline text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    journal text := pipeline || '_cdc';
    leaf    text;
begin
    if pipeline !~ '^[a-z][a-z0-9_]{0,30}$' then
        raise exception 'not a pipeline name: %', pipeline using errcode = 'invalid_name';
    end if;
    if to_regclass(format('penstock.%I', journal)) is not null then
        return;
    end if;
    -- Before any table is captured, so that its lack always means a crash.
    insert into penstock.unlogged_marker (pipeline) values (pipeline) on conflict do nothing;
    -- CACHE 1: ids handed out in blocks per session would not follow the order of row locks.
    execute format('create sequence penstock.%I cache 1', journal || '_id_seq');
    execute format('create sequence penstock.%I minvalue 0 maxvalue 2 start 0 cache 1', journal || '_ring_seq');
    perform setval(format('penstock.%I', journal || '_ring_seq')::regclass, 0, true);
    execute format($ddl$
        create table penstock.%I (
            cdc_id     bigint      not null default nextval(%L),
            txid       xid8        not null default pg_current_xact_id(),
            changed_at timestamptz not null default clock_timestamp(),
            n          int         not null,    -- behind the texts it would take 8 bytes more, to be aligned
            relation   text        not null,
            action     text        not null,
            old_rows   text,
            new_rows   text,
            check (false) no inherit)
        $ddl$, journal, format('penstock.%I', journal || '_id_seq'));
    for i in 0 .. 2 loop
        leaf := journal || '_' || i;
        -- No autovacuum: rows are never updated, and statistics of a leaf are stale the moment it is emptied.
        execute format('create table penstock.%I () inherits (penstock.%I)
                        with (autovacuum_enabled = false, toast.autovacuum_enabled = false)', leaf, journal);
        execute format('create index %I on penstock.%I (cdc_id)', leaf || '_cdc_id', leaf);
        execute format('create index %I on penstock.%I (txid)', leaf || '_txid', leaf);
        perform penstock.compress_fast(format('penstock.%I', leaf), images) from unnest(array['old_rows', 'new_rows']) as images;
        perform penstock.guard_journal(pipeline, leaf, true);
    end loop;
    perform penstock.guard_journal(pipeline, journal, false);
    execute format($ddl$
        create view penstock.%I as
            select j.cdc_id, c.ordinal - 1 as ordinal, j.txid, j.changed_at, j.relation, j.action,
                   c.old_row::json as old_row, c.new_row::json as new_row
              from penstock.%I as j
             cross join lateral rows from (
                   unnest(case when j.old_rows is null then array_fill(null::text, array[j.n])
                               else string_to_array(j.old_rows, chr(30)) end),
                   unnest(case when j.new_rows is null then array_fill(null::text, array[j.n])
                               else string_to_array(j.new_rows, chr(30)) end))
                   with ordinality as c (old_row, new_row, ordinal)
        $ddl$, pipeline || '_changes', journal);
    execute format('comment on view penstock.%I is %L', pipeline || '_changes',
                   'The journal for people: one change a row.');
end
$$;

-- rotate_ring: makes an empty leaf current. Returns whether it turned. Only the session that holds the 'capture' lock calls it.
-- When: the current leaf holds leaf_bytes_max bytes or more. Where consumed changes are to be retained for a time, size says
-- nothing (the others could not be emptied any sooner): when its oldest change is half of that time old, so that the
-- three leaves together hold one and a half times as much, however few or many changes there are.
-- Where to: the one behind it, or the one behind that, whichever is empty: a transaction that stays open holds one leaf, and
-- the other two take turns. Neither is empty (pg_dump reads all three): the turn is deferred, the current leaf grows.
create function penstock.rotate_ring(pipeline text, leaf_bytes_max bigint, retain interval) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    ring    regclass := format('penstock.%I', pipeline || '_cdc_ring_seq')::regclass;
    current int      := pg_sequence_last_value(ring);
    leaf    text     := format('penstock.%I', pipeline || '_cdc_' || current);
    due     boolean;
    next    int;
begin
    if retain = interval '0' then
        due := pg_total_relation_size(leaf::regclass) >= leaf_bytes_max;
    else
        execute 'select changed_at < clock_timestamp() - $1 / 2 from ' || leaf || ' order by cdc_id limit 1'
           into due using retain;
    end if;
    select n into next
      from unnest(array[(current + 1) % 3, (current + 2) % 3]) with ordinality as u (n, nth)
     where due and pg_relation_size(format('penstock.%I', pipeline || '_cdc_' || n)::regclass) = 0
     order by nth limit 1;
    if next is null then
        return false;
    end if;
    perform setval(ring, next, true);
    return true;
end
$$;

-- empty_leaf: truncates at most one leaf that is wholly consumed, and whose newest change is not to be retained any longer.
-- Returns its name; an empty text where one is left for now because somebody holds it; else null.
-- Why nothing is lost: ACCESS EXCLUSIVE conflicts with the ROW EXCLUSIVE lock which every writer of the leaf
-- holds to the end of its transaction (prepared transactions too). So once we have the lock, every row of the
-- leaf is committed or dead, and no row can arrive. "Consumed" is checked after that by a statement of its own,
-- which in READ COMMITTED has a fresh snapshot: checked before the lock, or in its snapshot, a row that was
-- committed in between would be truncated unread. A row is consumed when the newest slot's `acked` sees it.
-- NOWAIT: we never queue in front of writers; the lock failing is not an error, the next call tries again.
-- The current leaf is left alone, it would make writers wait. A leaf cannot become current meanwhile: only
-- rotate_ring does that, and it runs in the same session. A writer that read the position before the last turn
-- may reach the leaf while we hold it: it waits for the truncation, and then appends to the emptied leaf.
create function penstock.empty_leaf(pipeline text, retain interval) returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    current  int := pg_sequence_last_value(format('penstock.%I', pipeline || '_cdc_ring_seq')::regclass);
    leaf     text;
    consumed pg_snapshot;
    needed   boolean;
    look     text;
    held     boolean := false;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'empty_leaf needs READ COMMITTED' using errcode = 'invalid_transaction_state';
    end if;
    select s.acked into consumed from penstock.slot as s where s.pipeline = empty_leaf.pipeline
     order by s.epoch desc, s.batch desc, s.step desc limit 1;
    for i in 1 .. 2 loop
        leaf := format('penstock.%I', pipeline || '_cdc_' || (current + i) % 3);
        look := 'select exists (select from ' || leaf || ' where txid >= pg_snapshot_xmax($1))
                     or exists (select from ' || leaf || ' where txid = any (array(select pg_snapshot_xip($1))))
                     or $2 > interval ''0''
                        and (select changed_at > clock_timestamp() - $2 from ' || leaf || ' order by cdc_id desc limit 1)';
        continue when pg_relation_size(leaf::regclass) = 0;
        execute look into needed using consumed, retain;    -- spares the lock when there is no hope
        continue when needed;
        begin
            execute 'lock table ' || leaf || ' in access exclusive mode nowait';
        exception when lock_not_available then
            held := true;
            continue;
        end;
        execute look into needed using consumed, retain;    -- the check that counts
        if needed is not true then
            execute 'truncate ' || leaf;
            return leaf;
        end if;
    end loop;
    return case when held then '' end;
end
$$;

revoke execute on all functions in schema penstock from public;
