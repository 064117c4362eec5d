-- What may hold up the log: old snapshots in this database, dead versions of the counter row, prepared transactions.
-- No parameters.
select
    coalesce((
        select extract(epoch from max(clock_timestamp() - xact_start))::float8
        from pg_stat_activity
        where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()
    ), 0) as oldest_snapshot_s,
    coalesce((select n_dead_tup from pg_stat_user_tables where relid = to_regclass('log_head')), 0) as dead_heads,
    (select count(*) from pg_prepared_xacts where database = current_database()) as prepared
