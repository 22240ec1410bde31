-- progress: how much of the table is on B, in bytes. Rows of a transaction that has not committed take their place too.
select pg_relation_size('employee');
