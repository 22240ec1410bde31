-- finish_offsets: completes the row that insert_offsets wrote when the transaction began.
--   $1 pipeline, $2 epoch, $3 batch, $4 step, $5 snapshot, $6 positions, $7 books, $8 poison
-- Writes penstock.offsets. Only for batches that do not fit into one round trip: how they end is not known before.
update penstock.offsets
   set snapshot = nullif($5, '')::pg_snapshot, positions = $6::jsonb, books = $7::jsonb, poison = $8, applied_at = clock_timestamp()
 where pipeline = $1 and epoch = $2 and batch = $3 and step = $4
