-- newest first. $1 symbol, $2 interval, $3 from and $4 to (exclusive), $5 newest vintage to count,
-- $6 start of the last bar already seen or null, $7 how many.
select distinct on (bar.bar_start)
       bar.bar_start, bar.bar_end, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vintage
from bars bar
join bar_series series using (series_id)
where series.symbol = $1
  and series.interval = $2
  and ($3::timestamptz is null or bar.bar_start >= $3)
  and ($4::timestamptz is null or bar.bar_start < $4)
  and bar.vintage <= $5
  and ($6::timestamptz is null or bar.bar_start < $6)
order by bar.bar_start desc, bar.vintage desc
limit $7
