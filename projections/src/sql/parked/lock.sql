-- Holds all shards, so that nothing is parked or applied meanwhile. $1 name, $2 generation
select shard
from checkpoints
where name = $1
  and generation = $2
order by shard
for update
