-- place_dead_letters: notes where dead letters stand in their topic; the ledger got them before they were sent.
--   $1 pipeline, $2 array of positions (of poison: none), origins and places
-- Writes penstock.dead_letter, in the transaction that recorded them.
with sent as materialized (
    select *
      from json_to_recordset($2::json) as r (epoch bigint, batch bigint, cdc_id bigint, ordinal int, origin_topic text,
                                             origin_partition int, origin_offset bigint, place int, place_offset bigint)),
known as (
    select d.id, s.place, s.place_offset
      from sent as s
      join penstock.dead_letter as d on d.pipeline = $1 and d.stage <> 'decode'
                                    and (d.epoch, d.batch, d.cdc_id, d.ordinal) = (s.epoch, s.batch, s.cdc_id, s.ordinal)
    union all
    select d.id, s.place, s.place_offset
      from sent as s
      join penstock.dead_letter as d on s.epoch is null and d.pipeline = $1 and d.stage = 'decode'
                                    and (d.origin_topic, d.origin_partition, d.origin_offset)
                                      = (s.origin_topic, s.origin_partition, s.origin_offset))
update penstock.dead_letter as d
   set dlq_partition = k.place, dlq_offset = k.place_offset
  from known as k
 where d.id = k.id
