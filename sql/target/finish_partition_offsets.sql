-- finish_partition_offsets: the counts of rows that insert_partition_offsets wrote when the transaction began.
--   $1 pipeline, $2 array of rows
-- Writes penstock.partition_offsets.
update penstock.partition_offsets as o
   set taken = r.taken, applied = r.applied, rejected = r.rejected, poison = r.poison, applied_at = clock_timestamp()
  from json_to_recordset($2::json) as r (topic text, partition int, first_offset bigint, taken bigint, applied bigint, rejected bigint,
                                         poison bigint)
 where o.pipeline = $1 and (o.topic, o.partition, o.first_offset) = (r.topic, r.partition, r.first_offset)
