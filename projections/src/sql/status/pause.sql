-- Stops all shards of a projection after their present page. $1 name
update checkpoints
set status = 'paused', changed_at = clock_timestamp()
where name = $1
  and status in ('running', 'retrying')
