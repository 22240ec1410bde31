-- tables: what the figure "capture" writes to, beside pgbench's own tables. Single rows of item, 200,000 rows of employee at once.
create table item (id int primary key, v int not null);
insert into item select i, 0 from generate_series(1, 100000) as i;
create table staged as
select i as emp_id, 'First' || i as first_name, 'Lastname' || i as last_name, date '2008-01-01' + i % 3000 as dob,
       'City ' || i % 100 as city, 20000 + i % 5000 as salary
  from generate_series(1, 200000) as i;
analyze item, staged;
