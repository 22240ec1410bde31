-- indexes_built: the key indexes that migrate built on A.   $1 text pipeline, $2 text relation (NULL: all)
-- Returns: name, quoted, with its schema. Reads penstock.captured.
select format('%I.%I', n.nspname, i.relname)
  from penstock.captured as c
  join pg_class as i on i.oid = c.key_index
  join pg_namespace as n on n.oid = i.relnamespace
 where c.pipeline = $1 and c.key_index_built and ($2::text is null or c.relation = $2)
