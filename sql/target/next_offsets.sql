-- next_offsets: where B goes on in each partition, under either consistency.   $1 pipeline
-- Returns: topic, partition, offset of the next record. Reads penstock.offsets, penstock.partition_offsets.
select p.topic, p.partition, p.next_offset
  from (select positions
          from penstock.offsets
         where pipeline = $1
         order by epoch desc, batch desc, step desc
         limit 1) as newest
 cross join lateral jsonb_to_recordset(newest.positions) as p (topic text, partition int, next_offset bigint)
 union all
select topic, partition, max(next_offset) from penstock.partition_offsets where pipeline = $1 group by topic, partition
