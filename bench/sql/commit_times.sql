-- commit_times: when each row was committed, in milliseconds since 1970.   $1 lowest emp_id  $2 highest
-- The rows were inserted once and never touched again, so xmin is the transaction that brought them here.
select emp_id, extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000
from :"table"
where emp_id between $1 and $2;
