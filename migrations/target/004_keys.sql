-- 004_keys: which keys are one.
-- Functions: penstock.equal_keys. Tables touched: none; pg_attribute is read.

-- equal_keys: pairs of numbers (from 1) of key objects a and b that B takes for equal. Compared as jsonb, for which 1.0 is
-- 1.00, where equal values have no other differences; by the columns' types otherwise (citext, an interval of a day or of 24
-- hours, json carried as text). A key that no cast takes leaves all to jsonb.
create function penstock.equal_keys(target text, key text[], a text[], b text[]) returns table (a_nth bigint, b_nth bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass := target::regclass;
    plain    boolean := (
        select bool_and(t.typname = any ('{int2,int4,int8,numeric,uuid,date,timestamp,timestamptz,bool,bytea,text,varchar}')
                        and (t.typcollation = 0 or c.collisdeterministic))
          from pg_catalog.pg_attribute as k
          join pg_catalog.pg_type as t on t.oid = k.atttypid
          left join pg_catalog.pg_collation as c on c.oid = k.attcollation
         where k.attrelid = relation and k.attname = any (key));
begin
    if not plain then
        begin
            return query execute format('select x.i, y.i from %s join %s on %s',
                                        penstock.records_sql('$1', relation, key, 'x', 'i'),
                                        penstock.records_sql('$2', relation, key, 'y', 'i'), penstock.same_key(relation, key, 'x', 'y'))
                using '[' || array_to_string(a, ',') || ']', '[' || array_to_string(b, ',') || ']';
            return;
        exception when data_exception or integrity_constraint_violation then
            null;
        end;
    end if;
    return query select x.i, y.i from unnest(a) with ordinality as x (key, i)
                   join unnest(b) with ordinality as y (key, i) on x.key::jsonb = y.key::jsonb;
end
$$;

revoke execute on all functions in schema penstock from public;
