-- newest_partition_offsets: how far B has come in each partition.   $1 pipeline
-- Returns the newest row of each, and its age in seconds. Reads penstock.partition_offsets: of each partition one row, however many
-- there are.
with recursive partitions as (
    (select topic, partition from penstock.partition_offsets where pipeline = $1 order by topic, partition limit 1)
     union all
    select behind.topic, behind.partition
      from partitions as p
     cross join lateral (
           select o.topic, o.partition
             from penstock.partition_offsets as o
            where o.pipeline = $1 and (o.topic, o.partition) > (p.topic, p.partition)
            order by o.topic, o.partition limit 1) as behind)
select newest.topic, newest.partition, next_offset, epoch, batch, cdc_id, ordinal, nonce, count, ended, last_record,
       coalesce(snapshot::text, ''), taken, applied, rejected, poison, extract(epoch from clock_timestamp() - applied_at)::float8
  from partitions as p
 cross join lateral (
       select *
         from penstock.partition_offsets as o
        where o.pipeline = $1 and (o.topic, o.partition) = (p.topic, p.partition)
        order by o.first_offset desc
        limit 1) as newest
