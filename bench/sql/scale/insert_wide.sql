-- insert_wide: the staged rows, in one statement.
insert into employee (first_name, last_name, dob, city, salary, body)
select 'First', 'Last', date '2010-01-01', 'Perth', 20000, body from staged order by i;
