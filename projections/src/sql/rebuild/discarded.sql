-- Events given up for good. {parked} the real table, $1 name, $2 generation
select seq
from {parked}
where name = $1
  and generation = $2
  and state = 'discarded'
