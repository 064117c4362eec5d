-- $1 message id
select message_id, subject, payload, deliveries, error_text, at, replayed_at
from dead_letters
where message_id = $1
