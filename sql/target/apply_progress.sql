-- apply_progress: when a transaction that puts changes into B last began a statement; null when there is none.
-- A batch of millions of rows is one transaction: until it commits this is all that shows that it moves.
-- Reads pg_locks, pg_stat_activity (times of other roles' sessions are null).
select max(a.query_start)
  from pg_locks as l
  join pg_stat_activity as a using (pid)
 where l.database = (select oid from pg_database where datname = current_database())
   and l.relation = 'penstock.offsets'::regclass
   and l.mode = 'RowExclusiveLock'
