-- demo_changes: what the users do on A, bad rows among it on purpose. Run as app; every statement is a transaction.
\set ON_ERROR_STOP on
insert into employee_a (first_name, last_name, dob, city, salary) values ('Ada', 'Young', '2009-03-01', 'Darwin', 52000);
insert into employee_a (first_name, last_name, dob, city, salary)
values ('Ben', 'Fox', '2010-07-12', 'Perth', 61000), ('Cleo', 'Hart', '2008-01-01', 'Sydney', 10001),
       ('Dan', 'Late', '2007-12-31', 'Cairns', 70000), -- born too early: rejected alone, the others of its statement arrive
       ('Eve', 'Null', null, 'Hobart', null);          -- a rule that NULL makes unknown is passed
insert into employee_a (first_name, last_name, dob, city, salary) values ('Finn', 'Poor', '2011-05-05', 'Perth', 10000);
insert into employee_a (first_name, last_name, dob, city, salary) values ('Gus', 'Minus', '2012-02-29', 'Perth', -1);
insert into employee_a values (-7, 'Hal', 'Negative', '2013-08-08', 'Albury', 45000);
insert into employee_a values (-8, 'Ida', 'Negative', '1990-01-01', 'Albury', 500);

-- A sample row made good: its reject of the first copy is superseded.
update employee_a set dob = '2009-02-03' where emp_id = 1;
-- A good row made bad: B keeps the last good one.
update employee_a set salary = 9000 where first_name = 'Ben';
-- Bad, then good again.
update employee_a set dob = '1999-09-09' where first_name = 'Cleo';
update employee_a set dob = '2009-09-09', city = 'Brisbane' where first_name = 'Cleo';
update employee_a set salary = salary + 1000 where salary > 10000 and dob >= date '2008-01-01';
delete from employee_a where first_name = 'Ada';
