-- lock_is_held: whether a session of this database holds the pipeline's advisory lock.   $1 text pipeline, $2 text what
-- Reads pg_locks: a bigint key stands there as two halves.
select exists (
    select from pg_locks as l
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())
       and (l.classid::bigint << 32 | l.objid::bigint) = penstock.lock_key($1, $2))
