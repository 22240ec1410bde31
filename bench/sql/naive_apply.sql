-- naive_apply: one change of the rival "naive" on B, a statement and a transaction a row.   $1 its JSON
with change as (select ($1::json)->>'op' as op, r.* from json_populate_record(null::employee, ($1::json)->'employee') r),
gone as (delete from employee using change where change.op = 'DELETE' and employee.emp_id = change.emp_id)
insert into employee select emp_id, first_name, last_name, dob, city, salary from change where op <> 'DELETE'
on conflict (emp_id) do update set
  (first_name, last_name, dob, city, salary) =
  (excluded.first_name, excluded.last_name, excluded.dob, excluded.city, excluded.salary);
