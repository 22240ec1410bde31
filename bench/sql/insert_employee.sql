-- insert_employee: what the writers do, once a transaction.   $1 first_name  $2 last_name  $3 dob  $4 city  $5 salary
insert into :"table" (first_name, last_name, dob, city, salary) values ($1, $2, $3, $4, $5) returning emp_id;
