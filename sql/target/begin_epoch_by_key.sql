-- begin_epoch_by_key: B is ready for the batches of an epoch, where partitions move independently.
--   $1 pipeline, $2 epoch, $3 nonce of its batch 0 as A has it, $4 positions (the ends of the topics)
-- As begin_epoch. What was there is forgotten, so that nothing is taken for a batch of the new epoch's; the new rows turn away whoever
-- still applies the epoch before (insert_partition_offsets), also where a topic holds nothing more.
-- Writes penstock.partition_offsets, penstock.truncated, penstock.dead_letter.
with judged_again as (
    update penstock.dead_letter
       set state = 'superseded', resolved_at = clock_timestamp()
     where pipeline = $1 and state = 'open' and stage <> 'decode'),
truncates as (
    delete from penstock.truncated where pipeline = $1),
forgotten as (
    delete from penstock.partition_offsets where pipeline = $1 returning topic, partition, poison)
insert into penstock.partition_offsets (pipeline, topic, partition, first_offset, next_offset, epoch, batch, cdc_id, ordinal, nonce, count,
                                        ended, last_record, chain, taken, applied, rejected, poison)
select $1, p.topic, p.partition, -1, p.next_offset, $2::bigint, 0, 0, 0, $3::bigint, 0,
       true, null, jsonb_build_array(jsonb_build_array($2::bigint, 0, $3::bigint)), 0, 0, 0,
       coalesce((select max(poison) from forgotten as f where (f.topic, f.partition) = (p.topic, p.partition)), 0)
  from json_to_recordset($4::json) as p (topic text, partition int, next_offset bigint)
