-- covered: whether all that a snapshot sees is inside the newest batch.   $1 text pipeline, $2 pg_snapshot
-- Returns: epoch, batch, nonce of the newest slot row; true when no journal row visible in $2 lies outside of its `open`
--   and all that is to be copied (at first, or again) is (then B has all of $2 once it has that batch); the slot row's step;
--   whether every record of that batch is acknowledged by Kafka.
-- Reads penstock.slot, penstock.request, the journal by its index on txid.
select s.epoch, s.batch, s.nonce,
       not exists (select from jsonb_each(s.backfill) as b where not (b.value ->> 'done')::boolean
                      and exists (select from penstock.captured as c where (c.pipeline, c.relation) = (s.pipeline, b.key)))
       and not exists (select from penstock.request as r where r.pipeline = s.pipeline)
       and not exists (select from penstock.xid_ranges(s.open, $2::text::pg_snapshot) as r
                        cross join lateral (select from {journal} where txid >= r.low and txid < r.high limit 1) as j),
       s.step,
       s.kind = 'ack'
  from penstock.slot as s
 where s.pipeline = $1
 order by s.epoch desc, s.batch desc, s.step desc
 limit 1
