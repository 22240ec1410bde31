-- expect_truncates: raises PN003 where B has executed another TRUNCATE than the caller knows of.
--   $1 pipeline, $2 array of relations with the position of the newest (zeros: none)
-- Reads penstock.truncated, behind a lock on the tables that TRUNCATE does not share: what it says holds until the transaction ends.
select case when exists (
           select from json_to_recordset($2::json) as k (relation text, epoch bigint, batch bigint, cdc_id bigint, ordinal int)
             left join penstock.truncated as t on (t.pipeline, t.relation) = ($1, k.relation)
            where (coalesce(t.epoch, 0), coalesce(t.batch, 0), coalesce(t.cdc_id, 0), coalesce(t.ordinal, 0))
               <> (k.epoch, k.batch, k.cdc_id, k.ordinal))
       then penstock.truncated_meanwhile() end
