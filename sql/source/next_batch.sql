-- next_batch: opens the next batch: what is visible now and was not in the newest slot row's `open`.
--   $1 text pipeline, $2 bigint nonce of the new batch, $3 int journal rows to return, $4 boolean open it even when empty,
--   $5 text a snapshot at which the batch is to end, taken by this session since the newest slot row was written; null: now
-- Returns nothing when there is nothing. Otherwise epoch, batch, nonce, open, captured of the new slot row, whether these are all
--   its journal rows, and the first of them in cdc_id order, as many as make 4 MB, at least one: cdc_id, txid, changed_at (Unix ms),
--   relation, action, n, old_rows, new_rows; all NULL in the one row of an empty batch.
-- Reads the journal, by the index on txid: only ranges of new transactions, however old the oldest one running is. The
--   OFFSET 0 keep the planner from walking the journal in cdc_id order instead, past everything consumed.
-- Writes penstock.slot. One statement, so one snapshot: what it reads is exactly what the slot row says. ($5 is older: its
--   transactions are visible by now, and those that it does not have are not in the ranges.)
with newest as materialized (
    select *, coalesce($5::text::pg_snapshot, pg_current_snapshot()) as until
      from penstock.slot where pipeline = $1 order by epoch desc, batch desc, step desc limit 1),
ranges as materialized (
    select r.low, r.high from newest as s cross join lateral penstock.xid_ranges(s.open, s.until) as r),
counts as materialized (
    select j.relation, sum(j.n) as n
      from ranges as r
     cross join lateral (select relation, n from {journal} where txid >= r.low and txid < r.high offset 0) as j
     group by j.relation),
opened as (
    insert into penstock.slot (pipeline, epoch, batch, step, kind, nonce, previous_nonce, acked, open, captured, backfill,
                               system)
    select s.pipeline, s.epoch, s.batch + 1, 0, 'open', $2, s.nonce, s.open, s.until,
           s.captured || coalesce((select jsonb_object_agg(c.relation, coalesce((s.captured ->> c.relation)::bigint, 0) + c.n)
                                     from counts as c), '{}'),
           s.backfill, s.system
      from newest as s
     where $4 or exists (select from counts)
    returning epoch, batch, nonce, open, captured),
first_rows as (
    select *, sum(coalesce(octet_length(old_rows), 0) + coalesce(octet_length(new_rows), 0)) over (order by cdc_id) as bytes
      from (select *
              from (select j.*
                      from ranges as r
                     cross join lateral (select * from {journal} where txid >= r.low and txid < r.high offset 0) as j
                    offset 0) as fresh
             order by fresh.cdc_id
             limit $3) as few)
select o.epoch, o.batch, o.nonce, o.open, o.captured,
       (select count(*) < $3 and coalesce(max(bytes), 0) < 4194304 from first_rows),
       j.cdc_id, j.txid, (extract(epoch from j.changed_at) * 1000)::bigint, j.relation, j.action, j.n, j.old_rows, j.new_rows
  from opened as o
  left join first_rows as j
         on j.bytes - coalesce(octet_length(j.old_rows), 0) - coalesce(octet_length(j.new_rows), 0) < 4194304
 order by j.cdc_id
