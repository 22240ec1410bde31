-- bulk_insert: many rows in one statement, all of which pass Penstock's rules.   $1 how many
insert into :"table" (first_name, last_name, dob, city, salary)
select 'First ' || i % 10000, 'Last ' || i, date '2010-01-01' + (i % 4000)::int, 'Perth', 20000 + i % 50000
from generate_series(1, $1::bigint) i;
