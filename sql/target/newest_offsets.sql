-- newest_offsets: how far B has come.   $1 pipeline
-- Reads penstock.offsets: its newest row, by a backward index scan.
select epoch, batch, step, nonce, snapshot, positions, books, poison
  from penstock.offsets
 where pipeline = $1
 order by epoch desc, batch desc, step desc
 limit 1
