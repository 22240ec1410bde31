-- executed_truncates: the newest TRUNCATE of each table that B has executed.   $1 pipeline
-- Returns relation, epoch, batch, cdc_id, ordinal, txid. Reads penstock.truncated.
select relation, epoch, batch, cdc_id, ordinal, txid from penstock.truncated where pipeline = $1
