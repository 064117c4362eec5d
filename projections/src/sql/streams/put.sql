-- New ends of streams. $1 tenants, $2 categories, $3 keys, $4 versions, $5 first positions, $6 last positions,
-- $7 last event types, $8 first times, $9 last times, $10 who sent the first of these events
insert into stream_summaries
    (tenant, category, key, version, first_seq, last_seq, last_event_type, first_recorded_at, last_recorded_at,
     owner)
select *
from unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::timestamptz[],
            $9::timestamptz[], $10::text[])
on conflict (tenant, category, key) do update
set version = excluded.version, last_seq = excluded.last_seq, last_event_type = excluded.last_event_type,
    last_recorded_at = excluded.last_recorded_at
