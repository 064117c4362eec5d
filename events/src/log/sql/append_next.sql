-- One event of one command after the known end of a known stream, the most common lone append: append_one.sql without
-- arrays. Gives one row, or none where the append lost.
-- $1 number of the stream, $2 expected version, $3 hash before, $4 hash of the event
-- $5 command, $6 request hash, $7 reply
-- $8 type, $9 schema version, $10 codec, $11 occurred at, $12 correlation, $13 causation, $14 metadata, $15 payload
with moved as (
    update streams
    set version = $2 + 1,
        chain_hash = $4
    where stream_no = $1
      and version = $2
      and chain_hash = $3
      and state = 0
    returning stream_no
),
head as (
    update log_head
    set last_seq = last_seq + 1,
        last_at = greatest(clock_timestamp(), last_at)
    where id = 1 and exists (select from moved)
    returning last_seq, last_at
),
recorded as (
    insert into events (
        global_seq, stream_no, version, recorded_at, occurred_at, command_id, correlation_id, causation_seq,
        type_id, schema_version, codec, event_hash, meta, payload
    )
    select last_seq, $1, $2 + 1, last_at, $11, $5, $12, $13, $8, $9, $10, $4, $14, $15
    from head
)
insert into commands (
    command_id, stream_no, outcome, from_version, to_version, first_seq, request_hash, reply, recorded_at
)
select $5, $1, 0, $2 + 1, $2 + 1, last_seq, $6, $7, last_at
from head
returning first_seq, recorded_at
