-- session: settings of the session that reads the journal. No parameters.
-- Its leaves are filled and emptied all the time, so statistics say nothing: every read goes by an index. One plan, for ever.
set enable_seqscan = off;
set enable_hashjoin = off;
set enable_mergejoin = off;
set enable_bitmapscan = off;
set jit = off;
set plan_cache_mode = force_generic_plan;
set default_transaction_isolation = 'read committed';
set synchronous_commit = on;
set lock_timeout = 0;
set statement_timeout = 0;
set idle_in_transaction_session_timeout = '60s';
