-- recent_nonces: the batches B still remembers.   $1 pipeline
-- Reads penstock.offsets from where trim_offsets ends. A batch that turns up again with another nonce is another batch.
select distinct on (epoch, batch) epoch, batch, nonce
  from penstock.offsets
 where pipeline = $1 and batch > 0
   and (epoch, batch) >= (select epoch, batch - 1000
                            from penstock.offsets
                           where pipeline = $1
                           order by epoch desc, batch desc, step desc
                           limit 1)
 order by epoch, batch, step
