-- One stream. $1 tenant, $2 category, $3 key
select tenant, category, key, version, first_seq, last_seq, last_event_type, first_recorded_at, last_recorded_at
from stream_summaries
where tenant = $1
  and category = $2
  and key = $3
