-- trim_offsets: forgets all but the newest thousand batches, whose nonces are kept to recognise another life of A.
--   $1 pipeline, $2 bigint epoch, $3 bigint batch: what the last call returned
-- Returns epoch and batch: nothing before them is left. While a transaction stays open anywhere in the cluster deleted rows cannot
--   be vacuumed away, and a scan from the beginning would pass over all of them each time.
-- Writes penstock.offsets.
with newest as (
    select epoch, batch from penstock.offsets where pipeline = $1 order by epoch desc, batch desc, step desc limit 1),
rows as (
    delete from penstock.offsets as o
     where o.pipeline = $1 and (o.epoch, o.batch) >= ($2, $3)
       and (o.epoch, o.batch) < (select epoch, batch - 1000 from newest))
select epoch, batch - 1000 from newest
