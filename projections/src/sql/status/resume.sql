-- Lets stopped shards of a projection go on from where they stand. $1 name
update checkpoints
set status = 'running', error_class = null, error_seq = null, error_text = null, changed_at = clock_timestamp()
where name = $1
  and status in ('paused', 'halted')
