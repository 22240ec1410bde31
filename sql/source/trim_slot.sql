-- trim_slot: forgets all but the newest hundred batches, and the slices of batches that are acknowledged.   $1 text pipeline
-- Writes penstock.slot, penstock.slice. Opening a batch acknowledges the one before it.
with newest as (
    select epoch, batch, kind from penstock.slot where pipeline = $1 order by epoch desc, batch desc, step desc limit 1),
slices as (
    delete from penstock.slice as p using newest as s
     where p.pipeline = $1 and (p.epoch, p.batch) < (s.epoch, s.batch + (s.kind = 'ack')::int))
delete from penstock.slot as o using newest as s
 where o.pipeline = $1 and (o.epoch, o.batch) < (s.epoch, s.batch - 100)
