-- The complete daily closes of several symbols, every vintage up to one, oldest first. $1 symbols, $2 newest vintage to
-- count. Without an array of closes every bar is flat.
select series.symbol, chunk.vintage, chunk.starts, coalesce(chunk.close, chunk.open) as close, chunk.adjusted
from bar_chunks chunk
join bar_series series using (series_id)
where series.interval = '1d'
  and series.symbol = any ($1)
  and chunk.vintage <= $2
order by series.symbol, chunk.last_start, chunk.vintage
