-- tables_to_choose: the tables that a pattern may match: ordinary ones and roots of partitions.
-- Returns: schema, table, as in the catalog. Reads pg_class, pg_namespace.
select n.nspname, c.relname
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
   and n.nspname not in ('pg_catalog', 'information_schema', 'penstock', 'dlq')
 order by n.nspname collate "C", c.relname collate "C"
