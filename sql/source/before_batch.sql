-- before_batch: where the journal rows of a batch begin.   $1 pg_snapshot acked, $2 pg_snapshot open
-- Returns the cdc_id just before its first row; without rows, the greatest there is. What lies before has been consumed, and may be
-- much: retained changes, or a leaf that could not be emptied. Reads the journal by its index on txid.
select coalesce(min(j.cdc_id) - 1, 9223372036854775807)
  from penstock.xid_ranges($1::text::pg_snapshot, $2::text::pg_snapshot) as r
 cross join lateral (select cdc_id from {journal} where txid >= r.low and txid < r.high offset 0) as j
