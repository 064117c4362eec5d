-- The first parked events. $1 name, $2 generation, $3 how many
select seq, stream_no
from parked
where name = $1
  and generation = $2
  and state = 'parked'
order by seq
limit $3
