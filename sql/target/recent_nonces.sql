-- recent_nonces: the batches B still remembers.   $1 pipeline
-- Reads penstock.offsets. A batch that turns up again with another nonce is another batch.
select distinct on (epoch, batch) epoch, batch, nonce
  from penstock.offsets
 where pipeline = $1 and batch > 0
 order by epoch, batch, step
