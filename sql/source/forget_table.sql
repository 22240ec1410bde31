-- forget_table: takes a relation that is captured no more out of the slot and the journal.   $1 text pipeline, $2 text relation
-- Only where the slot's batch is acknowledged, by the holder of the 'capture' lock, in the transaction that removed the triggers,
-- which holds the table until it commits: then no row of the relation is in a batch under way, and none can arrive. Writes
-- penstock.slot, the journal.
with gone as (
    delete from {journal} where relation = $2),
newest as (
    select * from penstock.slot where pipeline = $1 order by epoch desc, batch desc, step desc limit 1)
insert into penstock.slot (pipeline, epoch, batch, step, kind, nonce, previous_nonce, acked, open, last_id, last_ordinal,
                           captured, backfill, system)
select pipeline, epoch, batch, step + 1, 'ack', nonce, previous_nonce, acked, open, last_id, last_ordinal, captured,
       backfill - $2, system
  from newest
 where backfill ? $2
