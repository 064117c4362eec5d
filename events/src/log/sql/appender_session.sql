-- Session settings of an appender. No parameters.
set statement_timeout = '5s';
set lock_timeout = '2s';
set idle_in_transaction_session_timeout = '5s';
set jit = off;
set plan_cache_mode = force_generic_plan;
set enable_seqscan = off;
set enable_nestloop = off;
set enable_mergejoin = off;
set synchronous_commit = on;
