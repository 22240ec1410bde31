-- verify_statements: how one table is hashed and looked up, as text; the same on both sides.
--   $1 text table (quoted, with its schema), $2 text[] columns that are compared, in one order, $3 text[] key columns
-- Returns: buckets  ($1 bigint number of buckets, a power of two) -> bucket, rows, sum of row hashes
--          keys     ($1 the same, $2 bigint[] buckets)            -> key object, row hash
--          lookup   ($1 JSON array of key objects)                -> ordinal from 1, row hash or NULL
-- Keys fall into buckets by a hash of their text, so that it does not matter how the two databases sort.
-- Reads the catalog; the statements read the table.
with parts as (
    select (select string_agg(format('t.%I', c), ', ' order by i) from unnest($2::text[]) with ordinality as u (c, i)) as columns,
           (select string_agg(format('t.%I', c), ', ' order by i) from unnest($3::text[]) with ordinality as u (c, i)) as keys,
           (select string_agg(format('t.%1$I = k.%1$I', c), ' and ' order by i)
              from unnest($3::text[]) with ordinality as u (c, i)) as same,
           $1::text::regclass::text as name),
hashed as (
    select format('select row_to_json(k.*)::text as key, hashtextextended(row_to_json(r.*)::text, 0) as hash from %s as t '
                  'cross join lateral (select %s) as k cross join lateral (select %s) as r', name, keys, columns) as query
      from parts)
select format('select hashtextextended(key, 0) & ($1 - 1), count(*), sum(hash::numeric) from (%s) as h group by 1 order by 1', query),
       format('select key, hash from (%s) as h where (hashtextextended(key, 0) & ($1 - 1)) = any ($2::bigint[])', query),
       format('select k.penstock_i, (select hashtextextended(row_to_json(r.*)::text, 0) from %1$s as t '
              'cross join lateral (select %2$s) as r where %3$s) '
              'from (select p.*, penstock_i from json_array_elements($1::json) with ordinality as e (penstock_e, penstock_i) '
              'cross join lateral json_populate_record(null::%1$s, penstock_e) as p) as k order by 1', name, columns, same)
  from parts, hashed
