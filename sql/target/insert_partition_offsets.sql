-- insert_partition_offsets: the fence of partitions that move independently.   $1 pipeline, $2 array of new rows
-- Writes penstock.partition_offsets, first in a transaction. Raises PN002 when B's newest row of one of the partitions does not end
-- where the new one begins, or is of a later epoch. Two sessions that both see the same newest row meet at the primary key, in the
-- order of topics.
with input as materialized (
    select *
      from json_to_recordset($2::json) as r (topic text, partition int, first_offset bigint, next_offset bigint, epoch bigint, batch bigint,
                                             cdc_id bigint, ordinal int, nonce bigint, count bigint, ended boolean, last_record text,
                                             chain jsonb, snapshot text, taken bigint, applied bigint, rejected bigint, poison bigint)),
inserted as (
    insert into penstock.partition_offsets (pipeline, topic, partition, first_offset, next_offset, epoch, batch, cdc_id, ordinal, nonce,
                                            count, ended, last_record, chain, snapshot, taken, applied, rejected, poison)
    select $1, topic, partition, first_offset, i.next_offset, i.epoch, batch, cdc_id, ordinal, nonce,
           count, ended, last_record, chain, nullif(snapshot, '')::pg_snapshot, taken, applied, rejected, poison
      from input as i
      left join lateral (
           select o.next_offset, o.epoch
             from penstock.partition_offsets as o
            where o.pipeline = $1 and o.topic = i.topic and o.partition = i.partition
            order by o.first_offset desc
            limit 1) as newest on true
     where i.first_offset = coalesce(newest.next_offset, 0) and i.epoch >= coalesce(newest.epoch, 0)
     order by topic, partition
    returning 1)
select case when (select count(*) from inserted) = (select count(*) from input) then true else penstock.fenced() end
