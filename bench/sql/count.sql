-- count: number of rows.   $1 lowest emp_id  $2 highest
select count(*) from :"table" where emp_id between $1 and $2;
