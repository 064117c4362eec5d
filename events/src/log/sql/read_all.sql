-- Events in position order. $1 after position, $2 up to position, $3 limit
select e.global_seq, e.stream_no, e.version, e.recorded_at, e.occurred_at, e.command_id, e.correlation_id, e.causation_seq,
       e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
from events e
where e.global_seq > $1
  and e.global_seq <= $2
order by e.global_seq
limit $3
