-- Notes the new owner of a shard; a halted or paused one is left to the operator.
-- $1 name, $2 generation, $3 shard, $4 owner
update checkpoints
set owner = $4, status = 'running', error_class = null, error_seq = null, error_text = null, changed_at = clock_timestamp()
where name = $1
  and generation = $2
  and shard = $3
  and status in ('running', 'retrying')
