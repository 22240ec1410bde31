-- acting_references: foreign keys of a table that change its rows when the rows they refer to change.   $1 oid the table
-- Returns: the constraint's name. Reads pg_constraint. (ON DELETE CASCADE only takes rows that A's journal takes as well.)
select conname from pg_constraint
 where conrelid = $1::oid and contype = 'f' and (confdeltype in ('n', 'd') or confupdtype in ('c', 'n', 'd'))
 order by conname
