-- partition_nonces: the batches that B still remembers, of all partitions.   $1 pipeline
-- Returns epoch, batch, nonce. Reads penstock.partition_offsets.
select distinct (c.link ->> 0)::bigint, (c.link ->> 1)::bigint, (c.link ->> 2)::bigint
  from penstock.partition_offsets as o
 cross join lateral jsonb_array_elements(o.chain) as c (link)
 where o.pipeline = $1
