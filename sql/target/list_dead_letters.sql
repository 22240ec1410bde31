-- list_dead_letters: the ledger.
--   $1 text pipeline, $2 text rule or SQLSTATE (NULL: any), $3 text relation (NULL: any), $4 text key (NULL: any), $5 text state
--   (NULL: any), $6 bigint id (NULL: any), $7 int rows at most
-- Returns, oldest first: id, state, relation, key, op, stage, rule, sqlstate, message, rejected_at, origin topic, partition, offset,
--   dead-letter topic, partition, offset. Reads penstock.dead_letter.
select id, state, coalesce(relation, ''), coalesce(key, ''), coalesce(op, ''), stage, coalesce(rule, ''), coalesce(sqlstate, ''), message,
       rejected_at, origin_topic, origin_partition, origin_offset, dlq_topic, dlq_partition, coalesce(dlq_offset, -1)
  from penstock.dead_letter
 where pipeline = $1
   and ($2::text is null or rule = $2 or sqlstate = $2)
   and ($3::text is null or relation = $3)
   and ($4::text is null or key = $4)
   and ($5::text is null or state = $5)
   and ($6::bigint is null or id = $6)
 order by id
 limit $7
