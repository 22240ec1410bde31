-- insert_ack: the open batch is delivered to Kafka, and nothing new is there to open.
--   $1 text pipeline, $2 bigint epoch, $3 bigint batch, $4 int step of the newest row
-- Returns one row, or none where the newest row is another one. Writes penstock.slot.
insert into penstock.slot (pipeline, epoch, batch, step, kind, nonce, previous_nonce, acked, open, captured, backfill, system)
select s.pipeline, s.epoch, s.batch, s.step + 1, 'ack', s.nonce, s.previous_nonce, s.open, s.open, s.captured, s.backfill,
       s.system
  from (select * from penstock.slot where pipeline = $1 order by epoch desc, batch desc, step desc limit 1) as s
 where s.epoch = $2 and s.batch = $3 and s.step = $4
returning step
