-- more_rows: the next journal rows of an open batch.
--   $1 pg_snapshot acked, $2 pg_snapshot open, $3 bigint behind this cdc_id, $4 int rows at most
-- Returns: cdc_id, txid, changed_at (Unix ms), relation, action, n, old_rows, new_rows, in cdc_id order: $4 rows, or as many as
--   make 4 MB, at least one. None: that was all.
-- Reads the journal by the leaves' indexes on cdc_id, merged.
select cdc_id, txid, (extract(epoch from changed_at) * 1000)::bigint, relation, action, n, old_rows, new_rows
  from (select j.*, sum(coalesce(octet_length(j.old_rows), 0) + coalesce(octet_length(j.new_rows), 0))
                        over (order by j.cdc_id rows between unbounded preceding and 1 preceding) as bytes_before
          from (select *
                  from {journal}
                 where cdc_id > $3 and not pg_visible_in_snapshot(txid, $1) and pg_visible_in_snapshot(txid, $2)
                 order by cdc_id
                 limit $4) as j) as bounded
 where coalesce(bytes_before, 0) < 4194304
 order by cdc_id
