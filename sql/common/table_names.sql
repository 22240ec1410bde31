-- table_names: every ordinary and partitioned table outside of the system's schemas, for "did you mean".
-- Returns: name, quoted where SQL needs it. Reads pg_class, pg_namespace.
select format('%I.%I', n.nspname, c.relname)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'penstock')
   and n.nspname !~ '^pg_(toast|temp)'
 order by 1
 limit 10000
