-- $1 interval or null, $2 symbols or null, $3 newest vintage to count.
select series.symbol,
       series.interval,
       min(part.first_start) as first_start,
       max(part.last_start) as last_start,
       sum(part.added)::bigint as bars,
       max(part.vintage) as vintage
from bar_series series
join import_series part using (series_id)
where ($1::text is null or series.interval = $1)
  and ($2::text[] is null or series.symbol = any ($2))
  and part.vintage <= $3
group by series.symbol, series.interval
order by series.symbol, series.interval
