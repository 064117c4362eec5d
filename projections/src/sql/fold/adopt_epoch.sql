-- A shard that has read nothing belongs to whichever log is there. $1 name, $2 generation, $3 shard, $4 epoch
update checkpoints
set epoch = $4
where name = $1
  and generation = $2
  and shard = $3
  and seq = 0
