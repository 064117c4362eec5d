-- Tells other processes how far the log is durable. What it tells is flushed already, so it waits for no flush. $1 position
select set_config('synchronous_commit', 'off', true), pg_notify('tape_events', $1::bigint::text)::text
