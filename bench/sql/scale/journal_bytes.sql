-- journal_bytes: what the journal takes on A, its indexes with it.
select sum(pg_total_relation_size(c.oid))::bigint
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'penstock' and c.relkind = 'r' and c.relname like '%\_cdc%';
