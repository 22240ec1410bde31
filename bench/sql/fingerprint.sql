-- fingerprint: number of rows and a hash of all they hold.   $1 lowest emp_id  $2 highest
select count(*) || '/' || coalesce(sum(hashtextextended(:"table"::text, 0)), 0)
from :"table"
where emp_id between $1 and $2;
