-- Every shard of every projection with its lag. No parameters.
select c.name, c.generation, c.shard, c.seq, head.last_seq, c.epoch <> head.epoch as forked, c.status, c.error_class,
       c.error_seq, c.error_text, c.owner, c.changed_at,
       coalesce(extract(epoch from clock_timestamp() - next.recorded_at), 0)::float8 as lag_s,
       (select count(*) from parked p where p.name = c.name and p.generation = c.generation and p.state = 'parked') as parked
from checkpoints c
cross join log_head head
left join events next on next.global_seq = c.seq + 1
order by c.name, c.generation, c.shard
