-- Streams of which events are parked. $1 name, $2 generation
select distinct s.tenant, s.category, s.stream_id
from parked p
join streams s using (stream_no)
where p.name = $1
  and p.generation = $2
  and p.state = 'parked'
