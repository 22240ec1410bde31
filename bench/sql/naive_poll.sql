-- naive_poll: what the rival "naive" takes to be new.   $1 the last id it has seen
select id, jsonb_build_object('op', op, 'employee', employee) from employee_changes where id > $1 order by id limit 5000;
