-- load_employees: the users' sample into employee_a, in one transaction. Run as app from the directory compose/.
-- The file writes dates as M/D/YYYY and has a stray space in a salary.
\set ON_ERROR_STOP on
begin;
create temporary table sample (emp_id text, first_name text, last_name text, dob text, city text, salary text) on commit drop;
\copy sample from 'data/proj2_employees.csv' with (format csv, header)
insert into employee_a
select trim(emp_id)::int, first_name, last_name, to_date(dob, 'MM/DD/YYYY'), city, trim(salary)::int from sample;
select setval('employee_a_emp_id_seq', (select max(emp_id) from employee_a));
commit;
