-- commit_times_wal: the same out of the commit records in the WAL.   $1 lowest emp_id  $2 highest  $3 where the WAL was before
-- The apply worker of native replication stores A's commit time as B's (pg_xact_commit_timestamp would say 0 ms); the commit
-- record keeps the clock of B, from the same reading of it that other transactions store. Needs the extension pg_walinspect.
with commits as materialized (
  select xid, split_part(description, ';', 1)::timestamptz as at
  from pg_get_wal_records_info($3, pg_current_wal_flush_lsn())
  where resource_manager = 'Transaction' and record_type = 'COMMIT'
)
select emp_id, extract(epoch from at) * 1000
from :"table" join commits on commits.xid = :"table".xmin
where emp_id between $1 and $2;
