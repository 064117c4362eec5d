-- Events of an import, already numbered. No parameters.
copy events (
    global_seq, stream_no, version, recorded_at, occurred_at, command_id, correlation_id, causation_seq,
    type_id, schema_version, codec, event_hash, meta, payload
) from stdin (format binary)
