-- Where a shard stands. $1 name, $2 generation, $3 shard
select epoch, seq, seq_hash, status
from checkpoints
where name = $1
  and generation = $2
  and shard = $3
