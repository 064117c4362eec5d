-- Holds all shards of a projection, of all generations. {checkpoints} the real table, $1 name
select seq
from {checkpoints}
where name = $1
order by generation, shard
for update
