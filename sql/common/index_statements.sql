-- index_statements: how the unique index of a declared key is called, built and dropped.
--   $1 text pipeline, $2 text table (quoted, with its schema), $3 text[] its key columns
-- Returns: name, CREATE, DROP. Reads pg_class, pg_namespace.
select i.name,
       format('create unique index concurrently %I on %s (%s)', i.bare, t.name,
              (select string_agg(quote_ident(c), ', ' order by place) from unnest($3::text[]) with ordinality as k (c, place))),
       format('drop index concurrently if exists %s', i.name)
  from (select c.oid, format('%I.%I', n.nspname, c.relname) as name, n.nspname, c.oid::text as id
          from pg_class as c
          join pg_namespace as n on n.oid = c.relnamespace
         where c.oid = $2::text::regclass) as t
 cross join lateral (
       select 'penstock_' || $1::text || '_' || t.id || '_key' as bare,
              format('%I.%I', t.nspname, 'penstock_' || $1::text || '_' || t.id || '_key') as name) as i
