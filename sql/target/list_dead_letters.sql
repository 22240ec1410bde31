-- list_dead_letters: the ledger.
--   $1 text pipeline, $2 text rule or SQLSTATE (NULL: any), $3 text relation (NULL: any), $4 text key object (the hash of a row without a key), or the
--   value of a key of one column (NULL: any), $5 text state (NULL: any), $6 bigint id (NULL: any), $7 int rows at most, $8 text since when: a
--   timestamp or an age like 24h (NULL: ever)
-- Returns, oldest first: id, state, relation, key, op, stage, rule, sqlstate, message, rejected_at, origin topic, partition, offset,
--   dead-letter topic, partition, offset. Reads penstock.dead_letter.
select id, state, coalesce(relation, ''), coalesce(key, ''), coalesce(op, ''), stage, coalesce(rule, ''), coalesce(sqlstate, ''), message,
       rejected_at, origin_topic, origin_partition, origin_offset, dlq_topic, dlq_partition, coalesce(dlq_offset, -1)
  from penstock.dead_letter
 where pipeline = $1
   and ($2::text is null or rule = $2 or sqlstate = $2)
   and ($3::text is null or relation = $3)
   and ($4::text is null or key = $4
        or $4 = (select min(k.value) from json_each_text(case when stage <> 'decode' and key like '{%' then key end::json) as k having count(*) = 1))
   and ($5::text is null or state = $5)
   and ($6::bigint is null or id = $6)
   and ($8::text is null or rejected_at >= case when $8 ~ '^[0-9]+[smhd]$' then now() - $8::interval else $8::timestamptz end)
 order by id
 limit $7
