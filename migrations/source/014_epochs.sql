-- 014_epochs: another life of A is accepted.
-- Functions: penstock.begin_epoch(pipeline, epoch). Tables touched: penstock.slot, penstock.request, penstock.slice, penstock.escaped,
--   penstock.captured, the journal (delete).
-- Grants: EXECUTE revoked from PUBLIC.
--
-- An epoch is one life of A, and a chain of nonces of its own. Whatever made A another one (a failover that lost commits, a restored
-- backup or dump, a database made anew), all tables are copied again: what the slot's first snapshot sees is in the copy, anything
-- else is in the journal, as at the very beginning.

-- begin_epoch: the first slot row of an epoch, by the holder of the 'capture' lock. Returns its nonce, which B must store for the
-- epoch's batch 0. A dump brings journal rows with the transaction ids of another cluster: those that this one has not come to,
-- or that are running here, would be read as changes one day.
create function penstock.begin_epoch(of_pipeline text, of_epoch bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    first bigint := (random() * 9007199254740991)::bigint;
begin
    execute format('delete from penstock.%I where txid >= pg_snapshot_xmax(pg_current_snapshot())
                                               or txid = any (array(select pg_snapshot_xip(pg_current_snapshot())))',
                   of_pipeline || '_cdc');
    delete from penstock.request as r where r.pipeline = of_pipeline;
    delete from penstock.slice as p where p.pipeline = of_pipeline;
    insert into penstock.slot (pipeline, epoch, batch, step, kind, nonce, acked, open, backfill, system)
    select of_pipeline, of_epoch, 0, 0, 'ack', first, pg_current_snapshot(), pg_current_snapshot(),
           coalesce((select jsonb_object_agg(c.relation, jsonb_build_object('after', null, 'done', false))
                       from penstock.captured as c where c.pipeline = of_pipeline), '{}'),
           penstock.this_system();
    -- What was missing comes with the copy.
    delete from penstock.escaped as e where e.pipeline = of_pipeline;
    perform penstock.note_capture(of_pipeline);
    update penstock.captured as c set doubtful_since = null
      from penstock.capture_state(of_pipeline) as s
     where c.pipeline = of_pipeline and c.relation = s.relation and s.problem is null;
    return first;
end
$$;

revoke execute on all functions in schema penstock from public;
