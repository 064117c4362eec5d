-- Tells other processes how far the log is durable. $1 position
select pg_notify('tape_events', $1::bigint::text)::text
