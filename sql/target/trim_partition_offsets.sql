-- trim_partition_offsets: forgets all but the newest thousand batches, whose nonces are kept to recognise another life of A, and each
--   partition's newest row.
--   $1 pipeline, $2 array of the caller's partitions with the offset before which the last calls left nothing, $3 epoch and $4 batch: the
--   newest that the caller knows
-- Returns topic, partition, offset: nothing before it is left. While a transaction stays open anywhere in the cluster deleted rows
--   cannot be vacuumed away, and a scan from the beginning would pass over all of them each time.
-- Writes penstock.partition_offsets.
with gone as (
    delete from penstock.partition_offsets as o
     using json_to_recordset($2::json) as mine (topic text, partition int, trimmed bigint)
     where o.pipeline = $1 and (o.topic, o.partition) = (mine.topic, mine.partition) and o.first_offset >= mine.trimmed
       and (o.epoch, o.batch) < ($3::bigint, $4::bigint - 1000)
       and o.first_offset < (select max(n.first_offset) from penstock.partition_offsets as n
                              where n.pipeline = $1 and (n.topic, n.partition) = (mine.topic, mine.partition))
    returning o.topic, o.partition, o.next_offset)
select topic, partition, max(next_offset) from gone group by topic, partition
