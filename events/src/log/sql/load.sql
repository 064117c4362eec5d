-- A stream's end, its snapshot of one fold, and the events after that; no row for an unknown stream.
-- The snapshot's state is large, so only the first row carries it; without events after it there is one row.
-- $1 tenant, $2 category, $3 key, $4 fold, $5 most events
select e.global_seq, s.stream_no, e.version, e.recorded_at, e.occurred_at, e.command_id, e.correlation_id, e.causation_seq,
       e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload,
       s.version as stream_version,
       n.version as snapshot_version, n.global_seq as snapshot_seq, n.chain_hash as snapshot_hash,
       n.codec as snapshot_codec, n.state_hash as snapshot_state_hash,
       case when e.version is null or e.version = n.version + 1 then n.state end as snapshot_state
from streams s
left join lateral (
    -- A probe of the key, however few snapshots there were when this was planned.
    select *
    from snapshots n
    where n.stream_no = s.stream_no
      and n.fold_id = $4
    offset 0
) n on true
left join lateral (
    select *
    from events e
    where e.stream_no = s.stream_no
      and e.version > coalesce(n.version, 0)
    order by e.version
    limit $5
) e on true
where s.tenant = $1
  and s.category = $2
  and s.stream_id = $3
order by e.version
