-- Matching events in position order; a null filter matches everything, and a pack of events may hold any type.
-- $1 after position, $2 up to position, $3 limit, $4 categories, $5 event types, $6 tenant, $7 category, $8 key
select e.global_seq, e.stream_no, e.version, e.recorded_at, e.occurred_at, e.command_id, e.correlation_id, e.causation_seq,
       e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
from events e
join streams s on s.stream_no = e.stream_no
join event_types t on t.type_id = e.type_id
where e.global_seq > $1
  and e.global_seq <= $2
  and ($4::text[] is null or s.category = any($4))
  and ($5::text[] is null or t.name = any($5) or t.name like '%EventPack')
  and ($8::text is null or (s.tenant = $6 and s.category = $7 and s.stream_id = $8))
order by e.global_seq
limit $3
