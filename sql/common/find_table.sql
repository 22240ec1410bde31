-- find_table: a table by its name as in the catalog.   $1 text schema, $2 text table
-- Returns one row: oid, the name quoted where SQL needs it, the relation's kind, whether it is a partition, whether it or a partition of it
--   is unlogged; none: no such table.
-- Reads pg_class, pg_namespace.
select c.oid::bigint, format('%I.%I', n.nspname, c.relname), c.relkind, c.relispartition,
       exists (select from pg_class as leaf
                where leaf.oid in (select c.oid union select relid from pg_partition_tree(c.oid))
                  and leaf.relkind = 'r' and leaf.relpersistence = 'u')
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')
