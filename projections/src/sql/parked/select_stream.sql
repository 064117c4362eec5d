-- Parked events of a stream. $1 name, $2 generation, $3 tenant, $4 category, $5 key
select p.seq, p.stream_no
from parked p
join streams s using (stream_no)
where p.name = $1
  and p.generation = $2
  and p.state = 'parked'
  and s.tenant = $3
  and s.category = $4
  and s.stream_id = $5
order by p.seq
