-- A checkpoint before the first event, unless there is one. $1 name, $2 generation, $3 shard, $4 epoch
insert into checkpoints (name, generation, shard, epoch, seq, status)
values ($1, $2, $3, $4, 0, 'running')
on conflict (name, generation, shard) do nothing
