-- Parked events at these positions. $1 name, $2 generation, $3 positions
select seq, stream_no
from parked
where name = $1
  and generation = $2
  and state = 'parked'
  and seq = any($3)
order by seq
