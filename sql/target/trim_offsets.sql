-- trim_offsets: forgets all but the newest thousand batches, whose nonces are kept to recognise another life of A.
--   $1 pipeline
-- Writes penstock.offsets.
delete from penstock.offsets
 where pipeline = $1
   and (epoch, batch) < (select epoch, batch - 1000
                           from penstock.offsets
                          where pipeline = $1
                          order by epoch desc, batch desc, step desc
                          limit 1)
