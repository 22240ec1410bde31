-- claim_truncate: notes a TRUNCATE that is about to be executed.   $1 pipeline, $2 relation, $3-$6 epoch, batch, cdc_id, ordinal,
--   $7 txid
-- Returns a row when it is the caller's to execute; none when it, or a later one, was executed already. Whoever else comes to it
-- meanwhile waits here, before it holds any lock on the table. Writes penstock.truncated.
insert into penstock.truncated as t (pipeline, relation, epoch, batch, cdc_id, ordinal, txid) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (pipeline, relation)
    do update set (epoch, batch, cdc_id, ordinal, txid)
                = (excluded.epoch, excluded.batch, excluded.cdc_id, excluded.ordinal, excluded.txid)
             where (t.epoch, t.batch, t.cdc_id, t.ordinal) < (excluded.epoch, excluded.batch, excluded.cdc_id, excluded.ordinal)
returning true
