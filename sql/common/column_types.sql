-- column_types: the types of a table's columns.   $1 text table (quoted, with its schema), $2 text[] columns
-- Returns, in the order of $2: type with its modifiers, and what values of it are compared as where the other side has another
-- type: 'number', 'time' or 'text'. Reads pg_attribute.
select format_type(a.atttypid, a.atttypmod),
       case when a.atttypid = any (array['int2', 'int4', 'int8', 'numeric']::regtype[]) then 'number'
            when a.atttypid = any (array['date', 'timestamp']::regtype[]) then 'time'
            else 'text' end
  from unnest($2::text[]) with ordinality as u (c, i)
  join pg_attribute as a on a.attrelid = $1::text::regclass and a.attname = c and not a.attisdropped
 order by i
