-- Parked events, oldest first. $1 name or null, $2 state or null, $3 after position, $4 limit
select p.name, p.generation, p.seq, s.tenant, s.category, s.stream_id, t.name as event_type, p.attempts, p.error_class,
       p.error_text, p.state, p.parked_at, p.resolved_by, p.resolved_at, p.resolved_reason
from parked p
join streams s using (stream_no)
join events e on e.global_seq = p.seq
join event_types t using (type_id)
where ($1::text is null or p.name = $1)
  and ($2::text is null or p.state = $2)
  and p.seq > $3
order by p.seq, p.name, p.generation
limit $4
