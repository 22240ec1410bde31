-- keys_where: the statement that lists the keys of some rows.   $1 text pipeline, $2 text relation, $3 text condition on the row
-- Returns: the statement, which makes a cursor penstock_keys of key objects; WITH HOLD: kept with no transaction open.
-- Reads penstock.captured, pg_attribute.
select format(e'declare penstock_keys no scroll cursor with hold for select %s::text '
              'from (select %s from %s where (%s\n)) as k',
              penstock.json_object_sql('k', array_agg(name order by nth), array_agg(a.atttypid order by nth)),
              string_agg(format('%I as %I', a.attname, name), ', ' order by nth),
              case r.relkind when 'p' then '' else 'only ' end || c.root::regclass, $3::text)
  from penstock.captured as c
  join pg_class as r on r.oid = c.root
 cross join unnest(c.key_columns, c.key_attnums) with ordinality as u (name, num, nth)
  join pg_attribute as a on a.attrelid = c.root and a.attnum = num and not a.attisdropped
 where c.pipeline = $1 and c.relation = $2
 group by c.root, r.relkind
