-- Events of one stream after its snapshot of one fold. $1 tenant, $2 category, $3 key, $4 fold, $5 limit
select e.global_seq, e.stream_no, e.version, e.recorded_at, e.occurred_at, e.command_id, e.correlation_id, e.causation_seq,
       e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
from streams s
join events e on e.stream_no = s.stream_no
where s.tenant = $1
  and s.category = $2
  and s.stream_id = $3
  and e.version > coalesce((select n.version from snapshots n where n.stream_no = s.stream_no and n.fold_id = $4), 0)
order by e.version
limit $5
