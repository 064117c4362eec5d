-- The chunk that holds a bar, or the last one before it. $1 run, $2 bar
select first_bar, bar_starts_s, cash, value, provisional
from equity_chunks
where run_id = $1
  and first_bar <= $2
order by first_bar desc
limit 1
