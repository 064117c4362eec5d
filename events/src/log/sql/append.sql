-- One batch of appends: each stands or falls by its own expectation; losers burn no position.
-- $1..$8   appends: ordinal, tenant, category, key, expected version, number of events, hash before, hash after
-- $9..$14  commands: ordinal of their append, id, offset of their first event, number of events, request hash, reply
-- $15..$25 events: ordinal of their append, offset in it, type, schema version, codec, occurred at, command,
--          correlation, causation, hash, metadata; $26 payload
-- $27      synchronous_commit of this transaction: off where a barrier follows, which then carries the hint
with appends as materialized (
    select *
    from unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::bytea[], $8::bytea[])
        as a(ord, tenant, category, key, expected, n, hash_before, hash_after)
),
asked as materialized (
    select *
    from unnest($9::int[], $10::uuid[], $11::int[], $12::int[], $13::bytea[], $14::bytea[])
        as c(ord, command_id, skipped, n, request_hash, reply)
),
answered as materialized (
    select c.ord, c.command_id, k.stream_no, k.from_version, k.to_version, k.first_seq, k.request_hash, k.reply, k.recorded_at
    from asked c
    cross join lateral (
        select * from commands k where k.command_id = c.command_id offset 0
    ) k
),
guarded as (
    insert into streams as s (tenant, category, stream_id, version, prev_version, chain_hash, prev_hash)
    select a.tenant, a.category, a.key, a.expected + a.n, a.expected, a.hash_after, a.hash_before
    from appends a
    where a.ord not in (select d.ord from answered d)
      and (a.expected = 0 or exists (
          select from streams k where k.tenant = a.tenant and k.category = a.category and k.stream_id = a.key offset 0
      ))
    order by a.tenant, a.category, a.key
    on conflict (tenant, category, stream_id) do update
        set version = excluded.version,
            prev_version = excluded.prev_version,
            chain_hash = excluded.chain_hash,
            prev_hash = excluded.prev_hash
        where s.version = excluded.prev_version
          and s.chain_hash = excluded.prev_hash
          and s.state = 0
    returning stream_no, tenant, category, stream_id
),
winners as materialized (
    select a.ord, g.stream_no, a.expected, a.n,
           sum(a.n) over (order by a.ord) - a.n as before
    from guarded g
    join appends a on a.key = g.stream_id and a.category = g.category and a.tenant = g.tenant
),
head as materialized (
    update log_head
    set last_seq = last_seq + won.n,
        last_at = greatest(clock_timestamp(), last_at)
    from (select sum(n)::bigint as n from winners) won
    where id = 1 and won.n > 0
    returning last_seq - won.n as base, last_seq, last_at
),
recorded as (
    insert into events (
        global_seq, stream_no, version, recorded_at, occurred_at, command_id, correlation_id, causation_seq,
        type_id, schema_version, codec, event_hash, meta, payload
    )
    select h.base + w.before + e.place, w.stream_no, w.expected + e.place, h.last_at, e.occurred_at, e.command_id,
           e.correlation_id, e.causation_seq, e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
    from unnest(
        $15::int[], $16::int[], $17::int[], $18::smallint[], $19::smallint[], $20::timestamptz[], $21::uuid[],
        $22::uuid[], $23::bigint[], $24::bytea[], $25::bytea[], $26::bytea[]
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
),
hint as materialized (
    select set_config('synchronous_commit', $27::text, true),
           case when $27 = 'on' then pg_notify('tape_events', h.last_seq::text)::text end
    from head h
)
select w.ord, w.stream_no, h.base + w.before + 1 as first_seq, h.last_at as at,
       null::uuid as command_id, null::bigint as from_version, null::bigint as to_version,
       null::bytea as request_hash, null::bytea as reply, (select count(*) from hint) as hinted
from winners w
left join head h on true
union all
select d.ord, d.stream_no, d.first_seq, d.recorded_at, d.command_id, d.from_version, d.to_version, d.request_hash, d.reply, 0
from answered d
