-- Makes durable what is visible. A transaction flushes only if it wrote to the write-ahead log: a message does, a
-- notification alone does not. On a standby everything visible has been written elsewhere.
-- $1 position that other processes are told of, or null
select set_config('synchronous_commit', 'on', true),
       case when not pg_is_in_recovery() then pg_logical_emit_message(true, 'tapedeck', '')::text end,
       case when $1::bigint is not null then pg_notify('tape_events', $1::bigint::text)::text end
