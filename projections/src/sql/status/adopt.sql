-- Declares that the rows of a projection are those of the present log at a position. $1 name, $2 position
update checkpoints
set epoch = head.epoch, seq = $2::bigint, seq_hash = (select event_hash from events where global_seq = $2::bigint), status = 'running',
    error_class = null, error_seq = null, error_text = null, changed_at = clock_timestamp()
from log_head head
where name = $1
  and $2::bigint between 0 and head.last_seq
