-- A lone append: append.sql for a batch of one, without its joins; a caller that waits alone waits a third less.
-- $1 tenant, $2 category, $3 key, $4 expected version, $5 number of events, $6 hash before, $7 hash after
-- $8..$12  commands: id, offset of their first event, number of events, request hash, reply
-- $13..$23 events: place, type, schema version, codec, occurred at, command, correlation, causation, hash, metadata,
--          payload
with answered as materialized (
    select * from commands where command_id = any($8::uuid[])
),
guarded as (
    insert into streams as s (tenant, category, stream_id, version, prev_version, chain_hash, prev_hash)
    select $1::int, $2::text, $3::text, $4::bigint + $5::int, $4, $7::bytea, $6::bytea
    where not exists (select from answered)
      and ($4 = 0 or exists (select from streams k where k.tenant = $1 and k.category = $2 and k.stream_id = $3))
    on conflict (tenant, category, stream_id) do update
        set version = excluded.version,
            prev_version = excluded.prev_version,
            chain_hash = excluded.chain_hash,
            prev_hash = excluded.prev_hash
        where s.version = excluded.prev_version
          and s.chain_hash = excluded.prev_hash
          and s.state = 0
    returning stream_no
),
head as materialized (
    update log_head
    set last_seq = last_seq + $5,
        last_at = greatest(clock_timestamp(), last_at)
    where id = 1 and exists (select from guarded)
    returning last_seq - $5 as base, last_seq, last_at
),
recorded as (
    insert into events (
        global_seq, stream_no, version, recorded_at, occurred_at, command_id, correlation_id, causation_seq,
        type_id, schema_version, codec, event_hash, meta, payload
    )
    select h.base + e.place, (select stream_no from guarded), $4 + e.place, h.last_at, e.occurred_at, e.command_id,
           e.correlation_id, e.causation_seq, e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
    from head h
    cross join unnest(
        $13::int[], $14::int[], $15::smallint[], $16::smallint[], $17::timestamptz[], $18::uuid[], $19::uuid[],
        $20::bigint[], $21::bytea[], $22::bytea[], $23::bytea[]
    ) as e(place, type_id, schema_version, codec, occurred_at, command_id, correlation_id, causation_seq,
           event_hash, meta, payload)
),
remembered as (
    insert into commands (
        command_id, stream_no, outcome, from_version, to_version, first_seq, request_hash, reply, recorded_at
    )
    select c.command_id, (select stream_no from guarded), 0, $4 + c.skipped + 1, $4 + c.skipped + c.n,
           h.base + c.skipped + 1, c.request_hash, c.reply, h.last_at
    from head h
    cross join unnest($8, $9::int[], $10::int[], $11::bytea[], $12::bytea[])
        as c(command_id, skipped, n, request_hash, reply)
)
select 0 as ord, null::bigint as stream_no, h.base + 1 as first_seq, h.last_at as at,
       null::uuid as command_id, null::bigint as from_version, null::bigint as to_version,
       null::bytea as request_hash, null::bytea as reply, pg_notify('tape_events', h.last_seq::text)::text as hinted
from head h
union all
select 0, d.stream_no, d.first_seq, d.recorded_at, d.command_id, d.from_version, d.to_version, d.request_hash, d.reply, null
from answered d
