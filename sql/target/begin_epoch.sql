-- begin_epoch: B is ready for the batches of an epoch.
--   $1 pipeline, $2 epoch, $3 nonce of its batch 0 as A has it, $4 positions (the ends of the topics)
-- The books begin anew, as A's do. All rows are copied again and judged again, so open rejects are closed; poison stays: no copy
--   brings it back.
-- Writes penstock.offsets, penstock.dead_letter. The new row turns away whoever still applies the epoch before (insert_offsets).
with judged_again as (
    update penstock.dead_letter
       set state = 'superseded', resolved_at = clock_timestamp()
     where pipeline = $1 and state = 'open' and stage <> 'decode')
insert into penstock.offsets (pipeline, epoch, batch, nonce, positions, poison)
select $1, $2, 0, $3, $4::jsonb,
       coalesce((select poison from penstock.offsets where pipeline = $1 order by epoch desc, batch desc, step desc limit 1), 0)
