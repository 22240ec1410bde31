-- columns: a table's columns in order.   $1 oid (as bigint)
-- Returns: name, whether it is generated, whether it may be NULL, whether equal values always have equal text (so that a key
-- hashes to one partition; not so: numeric 1.0 = 1.00, float -0 = 0, interval, citext, nondeterministic collations), whether
-- an insert that leaves it out gives it a value.
-- Reads pg_attribute, pg_type, pg_collation.
select a.attname, a.attgenerated <> '', not a.attnotnull,
       (t.oid = any (array['bool', 'int2', 'int4', 'int8', 'oid', 'uuid', 'date', 'timestamp', 'timestamptz', 'time', 'bytea',
                           'text', 'varchar', 'bpchar', 'name', 'inet', 'cidr', 'macaddr']::regtype[]) or t.typtype = 'e')
       and coalesce(c.collisdeterministic, true),
       a.atthasdef or a.attidentity <> ''
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
  left join pg_collation as c on c.oid = a.attcollation
 where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
 order by a.attnum
