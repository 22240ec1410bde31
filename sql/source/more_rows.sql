-- more_rows: the next journal rows of an open batch.
--   $1 pg_snapshot acked, $2 pg_snapshot open, $3 bigint behind this cdc_id, $4 int rows at most
-- Returns: cdc_id, txid, changed_at (Unix ms), relation, action, n, old_rows, new_rows, in cdc_id order.
-- Reads the journal by the leaves' indexes on cdc_id, merged.
select cdc_id, txid, (extract(epoch from changed_at) * 1000)::bigint, relation, action, n, old_rows, new_rows
  from {journal}
 where cdc_id > $3 and not pg_visible_in_snapshot(txid, $1) and pg_visible_in_snapshot(txid, $2)
 order by cdc_id
 limit $4
