-- $1 how many
select message_id, subject, payload, deliveries, error_text, at, replayed_at
from dead_letters
order by at desc
limit $1
