-- verify_multiset_statements: verify_statements for a table without a key: its rows are grouped by what they hold, the hash of that
--   is the key, and the number of rows what is compared.
--   $1 text table (quoted, with its schema), $2 text[] columns that are compared, in one order, $3 text[] how each is compared
-- Returns: buckets  ($1 bigint number of buckets, a power of two) -> bucket, rows, sum of row hashes
--          rows     ($1 the same, $2 bigint[] buckets)            -> a cursor penstock_rows of bucket, key (a JSON string), number of
--                   rows, in the order of buckets
--          lookup   ($1 JSON array of keys)                       -> ordinal from 1, number of rows or NULL, the md5s of the whole rows as
--                   images show them (text[]: they may differ in columns that are not compared), one of these for people to see
-- ONLY: tables that inherit from it are tables of their own.
-- The lookup reads the table once, however many keys there are: a subquery under IS TRUE is hashed.
-- Reads the catalog; the statements read the table.
with compared as (
    select i, c, format(case how when 'number' then 'trim_scale(t.%1$I::numeric) as %1$I'
                                 when 'time' then 't.%1$I::timestamp as %1$I'
                                 when 'text' then 'rtrim(t.%1$I::text) as %1$I'  -- char(n) loses its blanks as text
                                 else 't.%1$I' end, c) as value
      from unnest($2::text[], $3::text[]) with ordinality as u (c, how, i)),
grouped as (
    select format('select md5((r.*)::text) as key, %s::text as image from %s as t cross join lateral (select %s) as r',
                  penstock.image_sql($1::text::regclass, 't'),
                  (select case relkind when 'p' then '' else 'only ' end || oid::regclass from pg_class where oid = $1::text::regclass),
                  (select string_agg(value, ', ' order by i) from compared)) as query)
select format('select hashtextextended(key, 0) & ($1 - 1), count(*), sum(hashtextextended(key, 1)::numeric) '
              'from (%s) as h group by 1 order by 1', query),
       format('declare penstock_rows no scroll cursor with hold for select bucket, to_json(key)::text, count(*) '
              'from (select hashtextextended(key, 0) & ($1 - 1) as bucket, key from (%s) as h) as r '
              'where bucket in (select unnest($2::bigint[])) group by bucket, key order by bucket', query),
       format('select i, n, images, sample from json_array_elements_text($1::json) with ordinality as k (key, i) '
              'left join (select key, count(*) as n, array_agg(distinct md5(image)) as images, '
              'min(case when length(image) < 2000 then image else json_build_object(''md5'', md5(image))::text end) as sample '
              'from (%s) as h where (key in (select json_array_elements_text($1::json))) is true group by key) as c using (key) '
              'order by i', query)
  from grouped
