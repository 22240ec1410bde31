-- employee: the table that every rival copies, the same on both sides: the first users' columns, with a primary key since
-- Debezium and native replication want one.
create table employee (
  emp_id serial primary key,
  first_name varchar(100),
  last_name varchar(100),
  dob date,
  city varchar(100),
  salary int
);

-- What is written beside a great transaction on employee.
create table bystander (like employee including all);
