-- What the rebuild could not apply. {parked} the real table, $1 name, $2 generation
insert into {parked} (name, generation, seq, stream_no, attempts, error_class, error_text, state, parked_at)
select name, generation, seq, stream_no, attempts, error_class, error_text, state, parked_at
from pg_temp.parked
where name = $1
  and generation = $2
on conflict (name, generation, seq) do update
set attempts = excluded.attempts, error_class = excluded.error_class, error_text = excluded.error_text,
    state = excluded.state, parked_at = excluded.parked_at, resolved_by = null, resolved_at = null, resolved_reason = null
