-- update_item: pgbench's script: a row of 100,000, each update a transaction.
\set id random(1, 100000)
update item set v = v + 1 where id = :id;
