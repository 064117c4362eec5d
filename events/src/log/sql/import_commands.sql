-- Commands of an import, so that repetitions get their answers. No parameters.
copy commands (
    command_id, stream_no, outcome, from_version, to_version, first_seq, request_hash, reply, recorded_at
) from stdin (format binary)
