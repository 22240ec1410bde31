-- newest_batch: the newest batch that B has something of, under either consistency.   $1 pipeline
-- Returns epoch, batch, nonce. Reads penstock.offsets, penstock.partition_offsets.
(select epoch, batch, nonce from penstock.offsets where pipeline = $1 order by epoch desc, batch desc, step desc limit 1)
 union all
(select epoch, batch, nonce from penstock.partition_offsets where pipeline = $1 order by epoch desc, batch desc limit 1)
order by epoch desc, batch desc
limit 1
