-- A lone append: append.sql for a batch of one, without its joins and without looking for earlier answers, for which the
-- keys of `commands` refuse the whole statement. Gives one row, or none where the append lost.
-- $1 number of the stream where it is known, and where not: $2 tenant, $3 category, $4 key
-- $5 expected version, $6 number of events, $7 hash before, $8 hash after
-- $9..$13  commands: id, offset of their first event, number of events, request hash, reply
-- $14..$24 events: place, type, schema version, codec, occurred at, command, correlation, causation, hash, metadata,
--          payload
with moved as (
    update streams
    set version = $5 + $6,
        chain_hash = $8
    where stream_no = coalesce(
            $1::bigint,
            (select k.stream_no from streams k where k.tenant = $2::int and k.category = $3::text and k.stream_id = $4::text)
        )
      and version = $5::bigint
      and chain_hash = $7::bytea
      and state = 0
      and $5 > 0
    returning stream_no
),
created as (
    insert into streams (tenant, category, stream_id, version, chain_hash)
    select $2, $3, $4, $6::int, $8::bytea
    where $5 = 0
    on conflict do nothing
    returning stream_no
),
guarded as materialized (
    select stream_no from moved union all select stream_no from created
),
head as materialized (
    update log_head
    set last_seq = last_seq + $6,
        last_at = greatest(clock_timestamp(), last_at)
    where id = 1 and exists (select from guarded)
    returning last_seq - $6 as base, last_at
),
recorded as (
    insert into events (
        global_seq, stream_no, version, recorded_at, occurred_at, command_id, correlation_id, causation_seq,
        type_id, schema_version, codec, event_hash, meta, payload
    )
    select h.base + e.place, (select stream_no from guarded), $5 + e.place, h.last_at, e.occurred_at, e.command_id,
           e.correlation_id, e.causation_seq, e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
    from head h
    cross join unnest(
        $14::int[], $15::int[], $16::smallint[], $17::smallint[], $18::timestamptz[], $19::uuid[], $20::uuid[],
        $21::bigint[], $22::bytea[], $23::bytea[], $24::bytea[]
    ) as e(place, type_id, schema_version, codec, occurred_at, command_id, correlation_id, causation_seq,
           event_hash, meta, payload)
),
remembered as (
    insert into commands (
        command_id, stream_no, outcome, from_version, to_version, first_seq, request_hash, reply, recorded_at
    )
    select c.command_id, (select stream_no from guarded), 0, $5 + c.skipped + 1, $5 + c.skipped + c.n,
           h.base + c.skipped + 1, c.request_hash, c.reply, h.last_at
    from head h
    cross join unnest($9::uuid[], $10::int[], $11::int[], $12::bytea[], $13::bytea[])
        as c(command_id, skipped, n, request_hash, reply)
)
select (select stream_no from guarded) as stream_no, base + 1 as first_seq, last_at as at
from head
