-- A part of the log in position order, as a copy: cheaper for both sides than rows of a query.
-- A copy takes no parameters: AFTER and UNTIL are replaced by positions.
copy (
    select e.global_seq, e.stream_no, e.version, e.recorded_at, e.occurred_at, e.command_id, e.correlation_id, e.causation_seq,
           e.type_id, e.schema_version, e.codec, e.event_hash, e.meta, e.payload
    from events e
    where e.global_seq > AFTER
      and e.global_seq <= UNTIL
    order by e.global_seq
) to stdout (format binary)
