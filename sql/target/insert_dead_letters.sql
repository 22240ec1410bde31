-- insert_dead_letters: writes rejects into the ledger, each once.   $1 pipeline, $2 dead-letter topic, $3 array of rejects
-- A reject of a table without a key comes with its image, whose hash stands for the key; all it has may be "{}".
-- Writes penstock.dead_letter, in the transaction of their batch, after Kafka acknowledged them.
insert into penstock.dead_letter (pipeline, epoch, batch, cdc_id, ordinal, relation, key, op, stage, rule, sqlstate, message,
                                  origin_topic, origin_partition, origin_offset, dlq_topic, dlq_partition, dlq_offset)
select $1, epoch, batch, cdc_id, ordinal, relation, coalesce(key, md5(image)), op, stage, rule, sqlstate, message,
       origin_topic, origin_partition, origin_offset, $2, dlq_partition, dlq_offset
  from json_to_recordset($3::json) as r (epoch bigint, batch bigint, cdc_id bigint, ordinal int, relation text, key text, image text,
                                         op text, stage text, rule text, sqlstate text, message text, origin_topic text,
                                         origin_partition int, origin_offset bigint, dlq_partition int, dlq_offset bigint)
    on conflict do nothing
