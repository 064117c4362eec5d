-- Streams by category and key. $1 tenant, $2 category or null, $3 after category or null, $4 after key or null, $5 limit
select tenant, category, key, version, first_seq, last_seq, last_event_type, first_recorded_at, last_recorded_at
from stream_summaries
where tenant = $1
  and ($2::text is null or category = $2)
  and ($3::text is null or (category, key) > ($3, $4::text))
order by category, key
limit $5
