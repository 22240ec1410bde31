-- supersede: closes the open rejects of keys that a later, valid change has put right.
--   $1 pipeline, $2 relation, $3 valid changes [{"epoch","batch","cdc_id","ordinal","key"}]
-- Writes penstock.dead_letter. Keys are compared as jsonb, for which 1.0 is 1.00.
update penstock.dead_letter as d
   set state = 'superseded', resolved_at = clock_timestamp()
  from json_to_recordset($3::json) as valid (epoch bigint, batch bigint, cdc_id bigint, ordinal int, key text)
 where d.pipeline = $1 and d.relation = $2 and d.state = 'open' and d.stage <> 'decode'
   and d.key::jsonb = valid.key::jsonb
   and (d.epoch, d.batch, d.cdc_id, d.ordinal) < (valid.epoch, valid.batch, valid.cdc_id, valid.ordinal)
