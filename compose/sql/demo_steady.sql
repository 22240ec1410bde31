-- demo_steady: some seconds of single-row transactions, for the replicator to be killed in. Run as app.
-- Of a hundred changes ten are updates, five deletes and three bad inserts, one for each rule.
\set ON_ERROR_STOP on
select case
         when i % 100 = 20 then format('insert into employee_a (first_name, dob, salary) values (%L, %L, 50000)', 'Old', '1980-01-01')
         when i % 100 = 40 then format('insert into employee_a (first_name, dob, salary) values (%L, %L, 100)', 'Poor', '2010-01-01')
         when i % 100 = 60 then format('insert into employee_a values (%s, %L, %L, %L, %L, 50000)', -1000 - i, 'Minus', 'Id', '2010-01-01', 'Perth')
         when i % 10 = 7 then 'update employee_a set salary = salary + 1 where emp_id = (select max(emp_id) from employee_a)'
         when i % 20 = 9 then 'delete from employee_a where emp_id = (select max(emp_id) - 3 from employee_a)'
         else format('insert into employee_a (first_name, last_name, dob, city, salary) values (%L, %L, %L, %L, %s)',
                     'Steady', i, '2010-06-01', 'Perth', 30000 + i)
       end,
       'select pg_sleep(0.005)'
from generate_series(1, 600) i
\gexec
