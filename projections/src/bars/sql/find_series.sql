-- $1 interval, $2 symbols or null for all, $3 newest vintage to count; bars counts each bar once.
select series.series_id, series.symbol, sum(part.added)::bigint as bars
from bar_series series
join import_series part using (series_id)
where series.interval = $1
  and ($2::text[] is null or series.symbol = any ($2))
  and part.vintage <= $3
group by series.series_id, series.symbol
order by series.symbol
