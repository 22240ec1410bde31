-- life: whether A may still be the database that B was copied from.   $1 text pipeline, $2 bigint epoch, $3 bigint batch that B has
-- Returns: epoch, batch, nonce of the newest slot row, when it was written; whether A's transaction ids and its cluster are the slot's;
--   the nonce that the slot remembers of B's batch (null: it remembers none). No row: no slot.
-- Reads penstock.slot.
select s.epoch, s.batch, s.nonce, to_char(s.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'),
       pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax(s.open), s.system = penstock.this_system(),
       (select o.nonce from penstock.slot as o where (o.pipeline, o.epoch, o.batch) = ($1, $2, $3) limit 1)
  from penstock.slot as s
 where s.pipeline = $1
 order by s.epoch desc, s.batch desc, s.step desc
 limit 1
