-- apply_progress: when a transaction that puts changes into B began, and when its last statement did; no row when
--   there is none.
-- A batch of millions of rows is one transaction: until it commits this is all that shows that it moves.
-- Reads pg_locks, pg_stat_activity (times of other roles' sessions are null).
select a.xact_start, a.query_start
  from pg_locks as l
  join pg_stat_activity as a using (pid)
 where l.database = (select oid from pg_database where datname = current_database())
   and l.relation in ('penstock.offsets'::regclass, 'penstock.partition_offsets'::regclass)
   and l.mode = 'RowExclusiveLock'
 order by a.xact_start
 limit 1
