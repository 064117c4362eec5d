-- flush.sql for a session whose commits wait for the flush as they are.
-- $1 position that other processes are told of, or null
select pg_logical_emit_message(true, 'tapedeck', '')::text,
       case when $1::bigint is not null then pg_notify('tape_events', $1::bigint::text)::text end
