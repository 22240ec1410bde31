-- 003_multiset_sql: the statement that takes rows out of a target table without a key.
-- Functions: penstock.absent, penstock.remove_sql.
-- Tables touched: none; pg_attribute is read.

-- absent: ends a statement of the fast path because what it is to take away is not there, or not certainly what is meant:
-- the slow path looks closer. The code is that of penstock.reject.
create function penstock.absent() returns boolean
language plpgsql volatile
as $$ begin raise exception 'a row to be removed is not there' using errcode = 'PN001'; end $$;

-- remove_sql: apply_sql's remove: takes away, for each image, one row whose carried columns are the same.   `columns`: those
-- that images carry and rows store; `ordinal`: a name that no column has.
-- Rows are the same when their texts are, which tells 1.0 from 1.00, 0 from -0, NULL from ''. (*= would take a composite written
-- before it got an attribute for another one.) The table is read once a statement, whatever the planner believes of its size:
-- a subquery under IS TRUE is never made a join, but hashed.
create function penstock.remove_sql(relation regclass, own_rows text, columns text[], ordinal text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'with gone as materialized (select image, nth, row_number() over (partition by image order by nth) as copy '
        'from (select row(%1$s)::text as image, k.%2$I as nth from %3$s) as i), '
        'same as materialized (select part, place, image '
        'from (select t.tableoid as part, t.ctid as place, row(%4$s)::text as image from %5$s as t) as r '
        'where (image in (select image from gone)) is true), '
        'found as materialized (select part, place, nth '
        'from (select *, row_number() over (partition by image) as copy from same) as s join gone using (image, copy)), '
        'removed as (delete from %5$s as t where t.ctid = any (array(select place from found)) '
        'and ((t.tableoid, t.ctid) in (select part, place from found)) is true) '
        'select nth, case when $2 then penstock.absent() end from gone '
        'where (nth in (select nth from found)) is not true order by nth',
        string_agg(format('k.%I', name), ', ' order by i), ordinal, penstock.records_sql('$1', relation, columns, 'k', ordinal),
        string_agg(format('t.%I', name), ', ' order by i), own_rows)
      from unnest(columns) with ordinality as c (name, i)
$$;

revoke execute on all functions in schema penstock from public;
