-- One batch of appends: each stands or falls by its own expectation; losers burn no position.
-- $1..$9   appends: ordinal, number of the stream where it is known, and where not: tenant, category, key; expected
--          version, number of events, hash before, hash after
-- $10..$15 commands: ordinal of their append, id, offset of their first event, number of events, request hash, reply
-- $16..$26 events: ordinal of their append, offset in it, type, schema version, codec, occurred at, command,
--          correlation, causation, hash, metadata; $27 payload
-- $28 whether to look for earlier answers first: a tenth of the time. Without it the keys of `commands` refuse the whole
--          batch where one was answered before.
-- A column in which every value is missing may be given as an empty array, as may offsets that are all of a first event.
with asked as materialized (
    select c.ord, c.command_id, coalesce(c.skipped, 0) as skipped, c.n, c.request_hash, c.reply
    from unnest($10::int[], $11::uuid[], $12::int[], $13::int[], $14::bytea[], $15::bytea[])
        as c(ord, command_id, skipped, n, request_hash, reply)
),
answered as materialized (
    select c.ord, c.command_id, k.stream_no, k.from_version, k.to_version, k.first_seq, k.request_hash, k.reply, k.recorded_at
    from (select * from asked where $28::bool) c
    cross join lateral (
        select * from commands k where k.command_id = c.command_id offset 0
    ) k
),
appends as materialized (
    select a.ord, a.tenant, a.category, a.key, a.expected, a.n, a.hash_before, a.hash_after,
           case
               when a.expected = 0 then nextval('streams_stream_no_seq')
               when a.stream_no is null then (
                   select k.stream_no from streams k where k.tenant = a.tenant and k.category = a.category and k.stream_id = a.key
               )
               else a.stream_no
           end as stream_no
    from unnest($1::int[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::bigint[], $7::int[], $8::bytea[], $9::bytea[])
        as a(ord, stream_no, tenant, category, key, expected, n, hash_before, hash_after)
    where a.ord not in (select d.ord from answered d)
),
-- Rows are locked in the order of their numbers; new ones are made after that, in the order of their names, and wait for
-- nobody who waits for a row. So two batches never wait for each other. The odd comparisons leave no join but
-- a probe of the key for each row.
moved as (
    update streams s
    set version = a.expected + a.n,
        chain_hash = a.hash_after
    from (select * from appends where expected > 0 order by stream_no) a
    where s.stream_no = any (array[a.stream_no])
      and s.version = any (array[a.expected])
      and s.chain_hash = any (array[a.hash_before])
      and s.state = 0
    returning s.stream_no
),
created as (
    insert into streams (stream_no, tenant, category, stream_id, version, chain_hash)
    select a.stream_no, a.tenant, a.category, a.key, a.n, a.hash_after
    from appends a
    where a.expected = 0
      and (select count(*) from moved) >= 0
    order by a.tenant, a.category, a.key
    on conflict do nothing
    returning stream_no
),
winners as materialized (
    select a.ord, a.stream_no, a.expected, a.n,
           sum(a.n) over (order by a.ord) - a.n as before
    from (select stream_no from moved union all select stream_no from created) g
    join appends a using (stream_no)
),
head as materialized (
    update log_head
    set last_seq = last_seq + won.n,
        last_at = greatest(clock_timestamp(), last_at)
    from (select sum(n)::bigint as n from winners) won
    where id = 1 and won.n > 0
    returning last_seq - won.n as base, last_at
),
recorded as (
    insert into events (
        global_seq, stream_no, version, recorded_at, occurred_at, command_id, correlation_id, causation_seq,
        type_id, schema_version, codec, event_hash, meta, payload
    )
    select h.base + w.before + coalesce(e.place, 1), w.stream_no, w.expected + coalesce(e.place, 1), h.last_at, e.occurred_at, e.command_id,
           e.correlation_id, e.causation_seq, e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
    from unnest(
        $16::int[], $17::int[], $18::int[], $19::smallint[], $20::smallint[], $21::timestamptz[], $22::uuid[],
        $23::uuid[], $24::bigint[], $25::bytea[], $26::bytea[], $27::bytea[]
    ) as e(ord, place, type_id, schema_version, codec, occurred_at, command_id, correlation_id, causation_seq,
           event_hash, meta, payload)
    join winners w on w.ord = e.ord
    cross join head h
),
remembered as (
    insert into commands (
        command_id, stream_no, outcome, from_version, to_version, first_seq, request_hash, reply, recorded_at
    )
    select c.command_id, w.stream_no, 0, w.expected + c.skipped + 1, w.expected + c.skipped + c.n,
           h.base + w.before + c.skipped + 1, c.request_hash, c.reply, h.last_at
    from asked c
    join winners w on w.ord = c.ord
    cross join head h
)
select w.ord, w.stream_no, h.base + w.before + 1 as first_seq, h.last_at as at,
       null::uuid as command_id, null::bigint as from_version, null::bigint as to_version,
       null::bytea as request_hash, null::bytea as reply
from winners w
left join head h on true
union all
select d.ord, d.stream_no, d.first_seq, d.recorded_at, d.command_id, d.from_version, d.to_version, d.request_hash, d.reply
from answered d
