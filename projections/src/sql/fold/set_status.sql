-- A transition of a shard's status. $1 name, $2 generation, $3 shard, $4 status, $5 error class, $6 error position, $7 error text
update checkpoints
set status = $4, error_class = $5, error_seq = $6, error_text = $7, changed_at = clock_timestamp()
where name = $1
  and generation = $2
  and shard = $3
  and status <> 'paused'
