-- Commands that were given up, the newest first. $1 state or null, $2 before this time or null, $3 and this id, $4 how many
select message_id, subject, payload, deliveries, error_text, at, replayed_at, discarded_at, resolved_by, resolved_reason
from dead_letters
where ($1::text is null
       or $1 = case when discarded_at is not null then 'discarded' when replayed_at is not null then 'retried' else 'parked' end)
  and ($2::timestamptz is null or (at, message_id) < ($2, $3))
order by at desc, message_id desc
limit $4
