-- unique_indexes: the whole-table unique indexes of a table that can stand for a key.   $1 oid (as bigint)
-- Returns: the index's name (quoted, with its schema), its columns in index order as a JSON array, whether it is the primary
-- key, whether it is immediate (a deferrable one holds two rows of one key for a while), whether it is valid.
-- Reads pg_index, pg_class, pg_attribute.
select format('%I.%I', n.nspname, c.relname),
       (select json_agg(a.attname order by k.place)
          from unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
          join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
         where k.place <= i.indnkeyatts),
       i.indisprimary, i.indimmediate, i.indisvalid
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_namespace as n on n.oid = c.relnamespace
 where i.indrelid = $1::oid and i.indisunique and i.indpred is null and i.indexprs is null
 order by i.indisprimary desc, c.relname
