-- acting_references: foreign keys on B that a table without a key cannot bear.   $1 oid the table, $2 bool its triggers fire
-- Those that refer to it: an update takes the old row away and adds the new one, which would be refused or take the referring
-- rows along, and TRUNCATE is refused. And, where triggers fire, its own that change its rows when the rows they refer to change:
-- the applier must find them as they are. (ON DELETE CASCADE only takes rows that A's journal takes as well.)
-- Returns: the constraint's name, whether it refers to the table. Reads pg_constraint.
select conname, confrelid = $1::oid
  from pg_constraint
 where contype = 'f'
   and (confrelid = $1::oid or conrelid = $1::oid and $2 and (confdeltype in ('n', 'd') or confupdtype in ('c', 'n', 'd')))
 order by 2 desc, conname
