-- supersede_all: closes the open rejects of a table that was truncated since.
--   $1 pipeline, $2 relation, $3-$6 epoch, batch, cdc_id, ordinal of the truncate
-- Writes penstock.dead_letter.
update penstock.dead_letter
   set state = 'superseded', resolved_at = clock_timestamp()
 where pipeline = $1 and relation = $2 and state = 'open' and stage <> 'decode'
   and (epoch, batch, cdc_id, ordinal) < ($3, $4, $5, $6)
