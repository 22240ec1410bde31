-- triggers_of: the triggers of a captured table and its partitions, as one text to compare.   $1 text pipeline, $2 text relation
-- Reads pg_trigger.
select coalesce(string_agg(t.tgrelid || '.' || t.tgname || '.' || t.oid, ' ' order by t.tgrelid, t.tgname), '')
  from pg_trigger as t
 where t.tgname like 'penstock\_' || replace($1, '_', '\_') || '\_%'
   and t.tgrelid in (select $2::text::regclass::oid union select relid from pg_partition_tree($2::text::regclass))
