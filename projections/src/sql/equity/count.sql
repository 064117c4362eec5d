-- How many points a series has. $1 run
select coalesce(sum(bars), 0)::bigint
from equity_chunks
where run_id = $1
