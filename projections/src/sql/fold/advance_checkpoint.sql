-- Moves a shard on, in the transaction of its rows, and keeps the hash of the event there.
-- $1 name, $2 generation, $3 shard, $4 epoch, $5 from position, $6 to position
update checkpoints
set seq = $6, seq_hash = (select event_hash from events where global_seq = $6)
where name = $1
  and generation = $2
  and shard = $3
  and epoch = $4
  and seq = $5
