-- What waits in a stream, in order. $1 name, $2 generation, $3 stream number
select seq
from parked
where name = $1
  and generation = $2
  and state = 'parked'
  and stream_no = $3
order by seq
