-- lacking_rights: rights that the applier lacks on a target table.   $1 oid (as bigint)
-- Returns the GRANTs to run, one a row; none: all is well. Reads the catalog.
select format('grant %s on %I.%I to %I;', string_agg(p, ', ' order by i), n.nspname, c.relname, current_user)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) with ordinality as r (p, i)
 where c.oid = $1::oid and not has_table_privilege(c.oid, p)
 group by n.nspname, c.relname
 union all
select format('grant usage on schema %I to %I;', n.nspname, current_user)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.oid = $1::oid and not has_schema_privilege(n.oid, 'usage')
