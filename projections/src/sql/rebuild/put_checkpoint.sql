-- Moves a shard to where the rebuild stands. {checkpoints} the real table, $1 name, $2 generation, $3 shard
insert into {checkpoints} (name, generation, shard, epoch, seq, seq_hash, status)
select $1, $2, $3, epoch, seq, seq_hash, 'running'
from pg_temp.checkpoints
where name = $1
  and generation = $2
  and shard = 0
on conflict (name, generation, shard) do update
set epoch = excluded.epoch, seq = excluded.seq, seq_hash = excluded.seq_hash, status = excluded.status,
    error_class = null, error_seq = null, error_text = null, changed_at = clock_timestamp()
