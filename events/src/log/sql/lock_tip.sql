-- The end of a stream, held until the transaction ends. $1 tenant, $2 category, $3 key
select version, chain_hash
from streams
where tenant = $1 and category = $2 and stream_id = $3
for update
