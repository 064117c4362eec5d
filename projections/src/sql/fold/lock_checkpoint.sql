-- Fences: a row comes back only to who continues exactly where the shard stands, and nobody else can move it until
-- the transaction ends. $1 name, $2 generation, $3 shard, $4 epoch, $5 position
select 1
from checkpoints
where name = $1
  and generation = $2
  and shard = $3
  and epoch = $4
  and seq = $5
  and status in ('running', 'retrying')
for update
