-- newest_offsets: how far B has come.   $1 pipeline
-- Returns: its newest row, and that row's age in seconds. Reads penstock.offsets by a backward index scan.
select epoch, batch, step, nonce, snapshot, positions, books, poison, extract(epoch from clock_timestamp() - applied_at)::float8
  from penstock.offsets
 where pipeline = $1
 order by epoch desc, batch desc, step desc
 limit 1
