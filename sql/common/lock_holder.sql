-- lock_holder: who holds an advisory lock.   $1 text the name that it is hashed from
-- Returns: "pid 4711, penstock A, 10.0.0.7"; no row: nobody. Reads pg_locks, pg_stat_activity.
select concat_ws(', ', 'pid ' || l.pid, nullif(s.application_name, ''), host(s.client_addr))
  from pg_locks as l
  left join pg_stat_activity as s on s.pid = l.pid
 where l.locktype = 'advisory' and l.granted and l.objsubid = 1
   and l.database = (select oid from pg_database where datname = current_database())
   and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)
