-- trim_slot: forgets all but the newest hundred batches, and the slices of batches that are acknowledged.
--   $1 text pipeline, $2 bigint epoch, $3 bigint batch: what the last call returned
-- Returns epoch and batch: nothing before them is left. While a transaction stays open anywhere in the cluster deleted rows cannot
--   be vacuumed away, and a scan from the beginning would pass over all of them each time.
-- Writes penstock.slot, penstock.slice. Opening a batch acknowledges the one before it.
with newest as (
    select epoch, batch, kind from penstock.slot where pipeline = $1 order by epoch desc, batch desc, step desc limit 1),
slices as (
    delete from penstock.slice as p using newest as s
     where p.pipeline = $1 and (p.epoch, p.batch) >= ($2, $3)
       and (p.epoch, p.batch) < (s.epoch, s.batch + (s.kind = 'ack')::int)),
rows as (
    delete from penstock.slot as o using newest as s
     where o.pipeline = $1 and (o.epoch, o.batch) >= ($2, $3) and (o.epoch, o.batch) < (s.epoch, s.batch - 100))
select epoch, batch - 100 from newest
