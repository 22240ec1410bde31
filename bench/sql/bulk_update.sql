-- bulk_update: every row in one statement.
update employee set city = city || '.', salary = salary + 1;
