-- The answers of commands, in the columns of append.sql's duplicates. $1 command ids
select 0, stream_no, first_seq, recorded_at, command_id, from_version, to_version, request_hash, reply
from commands
where command_id = any($1)
