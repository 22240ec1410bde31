-- acting_between: foreign keys between tables that change the rows of one when rows of the other go.   $1 text[] the tables
-- Returns: the constraint's name, the table it refers to. Reads pg_constraint.
select conname, confrelid::regclass::text
  from pg_constraint
 where contype = 'f' and conparentid = 0
   and confrelid = any ($1::regclass[]) and conrelid = any ($1::regclass[]) and conrelid <> confrelid
   and (confdeltype in ('c', 'n', 'd') or confupdtype in ('c', 'n', 'd'))
 order by conname
 limit 1
