-- columns: a table's columns in order.   $1 oid (as bigint)
-- Returns: name, whether it is generated, whether it may be NULL, its type. Reads pg_attribute.
select a.attname, a.attgenerated <> '', not a.attnotnull, format_type(a.atttypid, a.atttypmod)
  from pg_attribute as a
 where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
 order by a.attnum
