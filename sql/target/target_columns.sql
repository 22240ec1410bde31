-- target_columns: the columns of a target table, and whether deleting its rows takes rows of other tables along.
--   $1 the table
-- Reads pg_attribute, pg_constraint.
select attname, exists (select from pg_constraint where confrelid = attrelid and contype = 'f' and confdeltype in ('c', 'n', 'd'))
  from pg_attribute
 where attrelid = $1::text::regclass and attnum > 0 and not attisdropped
 order by attnum
