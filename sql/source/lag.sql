-- lag: what B does not reflect yet.   $1 pg_snapshot of A that B reflects (its newest offsets row)
-- Returns: changes, seconds since the oldest of them was made (0 where there is none). Reads the journal by its index on txid.
select coalesce(sum(j.n), 0)::bigint, coalesce(extract(epoch from clock_timestamp() - min(j.changed_at)), 0)::float8
  from penstock.xid_ranges($1::text::pg_snapshot, pg_current_snapshot()) as r
 cross join lateral (select n, changed_at from {journal} where txid >= r.low and txid < r.high offset 0) as j
