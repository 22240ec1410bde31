-- newest_partition_offsets: how far B has come in each partition.   $1 pipeline
-- Returns the newest row of each, and its age in seconds. Reads penstock.partition_offsets.
select distinct on (topic, partition)
       topic, partition, next_offset, epoch, batch, cdc_id, ordinal, nonce, count, ended, last_record, coalesce(snapshot::text, ''),
       taken, applied, rejected, poison, extract(epoch from clock_timestamp() - applied_at)::float8
  from penstock.partition_offsets
 where pipeline = $1
 order by topic, partition, first_offset desc
