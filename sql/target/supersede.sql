-- supersede: closes the open rejects of keys that a later, valid change has put right.
--   $1 pipeline, $2 relation, $3 valid changes [{"epoch","batch","cdc_id","ordinal","key"}], $4 target, $5 its key's columns
-- Writes penstock.dead_letter.
with valid as materialized (
    select *, row_number() over () as i
      from json_to_recordset($3::json) as r (epoch bigint, batch bigint, cdc_id bigint, ordinal int, key text)),
open as materialized (
    select id, epoch, batch, cdc_id, ordinal, key, row_number() over () as i from penstock.dead_letter
     where pipeline = $1 and relation = $2 and state = 'open' and stage <> 'decode')
update penstock.dead_letter as d
   set state = 'superseded', resolved_at = clock_timestamp()
  from penstock.equal_keys($4, $5, array(select key from open order by i), array(select key from valid order by i)) as e (o, v)
  join open on open.i = e.o
  join valid on valid.i = e.v
 where d.id = open.id
   and (open.epoch, open.batch, open.cdc_id, open.ordinal) < (valid.epoch, valid.batch, valid.cdc_id, valid.ordinal)
