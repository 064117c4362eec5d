-- $1 interval, $2 symbols or null for all.
select series_id, symbol
from bar_series
where interval = $1
  and ($2::text[] is null or symbol = any ($2))
order by symbol
