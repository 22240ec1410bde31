-- column_names: a table's columns in order.   $1 text table (quoted, with its schema)
-- Reads pg_attribute.
select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped order by attnum
