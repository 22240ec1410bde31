-- trim_partition_offsets: forgets all but the newest thousand batches, whose nonces are kept to recognise another life of A, and each
--   partition's newest row.   $1 pipeline, $2 array of the partitions that are the caller's
-- Writes penstock.partition_offsets.
delete from penstock.partition_offsets as o
 using json_to_recordset($2::json) as mine (topic text, partition int)
 where o.pipeline = $1 and (o.topic, o.partition) = (mine.topic, mine.partition)
   and (o.epoch, o.batch) < (select n.epoch, n.batch - 1000
                               from penstock.partition_offsets as n
                              where n.pipeline = $1
                              order by n.epoch desc, n.batch desc
                              limit 1)
   and exists (select from penstock.partition_offsets as n
                where (n.pipeline, n.topic, n.partition) = (o.pipeline, o.topic, o.partition) and n.first_offset > o.first_offset)
