-- $1 message id, $2 subject, $3 payload, $4 deliveries, $5 error
insert into dead_letters (message_id, subject, payload, deliveries, error_text)
values ($1, $2, $3, $4, $5)
on conflict (message_id) do update
    set deliveries = excluded.deliveries,
        error_text = excluded.error_text,
        at = clock_timestamp(),
        replayed_at = null,
        discarded_at = null,
        resolved_by = null,
        resolved_reason = null
