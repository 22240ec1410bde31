-- verify_statements: how one table is hashed and looked up, as text; the same on both sides.
--   $1 text table (quoted, with its schema), $2 text[] columns that are compared, in one order, $3 text[] key columns,
--   $4 text[] how each column is compared: 'as is', or, where the types of A and B are not the same, as 'number', 'time', 'text'
-- Returns: buckets  ($1 bigint number of buckets, a power of two) -> bucket, rows, sum of row hashes
--          rows     ($1 the same, $2 bigint[] buckets)            -> a cursor penstock_rows of bucket, key object, row hash, in the
--                   order of buckets; WITH HOLD: one reading of the table, kept by the server with no transaction open
--          lookup   ($1 JSON array of key objects)                -> ordinal from 1, row hash or NULL
-- ONLY: tables that inherit from it are tables of their own.
-- A row is hashed as the text of a record, which tells SQL NULL from json null and shows an array's bounds.
-- Keys fall into buckets by a hash of their text, so that it does not matter how the two databases sort. Of a key object only the
-- key is read: a domain that refuses NULL would refuse the columns it lacks.
-- Reads the catalog; the statements read the table and call functions of the schema penstock.
with compared as (
    select i, c, format(case how when 'number' then 'trim_scale(t.%1$I::numeric) as %1$I'
                                 when 'time' then 't.%1$I::timestamp as %1$I'
                                 when 'text' then 'rtrim(t.%1$I::text) as %1$I'  -- char(n) loses its blanks as text
                                 else 't.%1$I' end, c) as value
      from unnest($2::text[], $4::text[]) with ordinality as u (c, how, i)),
parts as (
    select (select string_agg(value, ', ' order by i) from compared) as columns,
           (select string_agg(value, ', ' order by u.i) from unnest($3::text[]) with ordinality as u (c, i)
              join compared using (c)) as keys,
           (select string_agg(format('t.%1$I %3$s k.%1$I%2$s', c, penstock.read_key_cast(a.atttypid), operator), ' and ' order by i)
              from unnest($3::text[], penstock.key_operators($1::text::regclass, $3::text[])) with ordinality as u (c, operator, i)
              join pg_attribute as a on a.attrelid = $1::text::regclass and a.attname = c) as same,
           (select string_agg(penstock.read_key(c, a.atttypid, a.atttypmod), ', ' order by i)
              from unnest($3::text[]) with ordinality as u (c, i)
              join pg_attribute as a on a.attrelid = $1::text::regclass and a.attname = c) as key_types,
           (select penstock.json_object_sql('k', $3::text[], array_agg(a.atttypid order by i))
              from unnest($3::text[]) with ordinality as u (c, i)
              join pg_attribute as a on a.attrelid = $1::text::regclass and a.attname = c) as key_object,
           (select string_agg(quote_ident(c), ', ' order by i) from unnest($3::text[]) with ordinality as u (c, i)) as key_names,
           (select case relkind when 'p' then '' else 'only ' end || oid::regclass from pg_class where oid = $1::text::regclass) as name),
hashed as (
    select format('select %s::text as key, hashtextextended((r.*)::text, 0) as hash from %s as t '
                  'cross join lateral (select %s) as k cross join lateral (select %s) as r',
                  key_object, name, keys, columns) as query
      from parts)
select format('select hashtextextended(key, 0) & ($1 - 1), count(*), sum(hash::numeric) from (%s) as h group by 1 order by 1', query),
       format('declare penstock_rows no scroll cursor with hold for select bucket, key, hash '
              'from (select hashtextextended(key, 0) & ($1 - 1) as bucket, key, hash from (%s) as h) as r '
              'where bucket in (select unnest($2::bigint[])) order by bucket', query),
       format('select penstock_i, (select hashtextextended((r.*)::text, 0) from %1$s as t '
              'cross join lateral (select %2$s) as r where %3$s) '
              'from rows from (json_to_recordset($1::json) as (%4$s)) with ordinality as k (%5$s, penstock_i) order by 1',
              name, columns, same, key_types, key_names)
  from parts, hashed
