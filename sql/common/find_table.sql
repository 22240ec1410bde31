-- find_table: a table by its name as in the catalog.   $1 text schema, $2 text table
-- Returns one row: oid, the name quoted where SQL needs it, the relation's kind, whether it is a partition; none: no such table.
-- Reads pg_class, pg_namespace.
select c.oid::bigint, format('%I.%I', n.nspname, c.relname), c.relkind, c.relispartition
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')
