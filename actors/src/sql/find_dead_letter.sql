-- $1 message id
select message_id, subject, payload, deliveries, error_text, at, replayed_at, discarded_at, resolved_by, resolved_reason
from dead_letters
where message_id = $1
