-- employees_b: database B of the first users, with their table as they write it (no primary key), and the roles.
-- Run once by a superuser, in psql. Environment: PENSTOCK_PASSWORD, the password of the roles app and penstock.
\set ON_ERROR_STOP on
\getenv password PENSTOCK_PASSWORD

-- The users' application owns the table. Penstock is neither superuser nor replication role; as a member of the owner it
-- may build the unique index that the declared key needs here, too.
create role app login password :'password';
create role penstock login password :'password' in role app;

create database employees_b owner app;
grant create on database employees_b to penstock;
\connect employees_b
grant create on schema public to app;
set role app;
create table employee_b (emp_id serial, first_name varchar(100), last_name varchar(100), dob date, city varchar(100), salary int);
