-- The end of a stream, and that of the log at the same moment. $1 tenant, $2 category, $3 key
select stream_no, version, chain_hash, (select last_seq from log_head) as head
from streams
where tenant = $1 and category = $2 and stream_id = $3
