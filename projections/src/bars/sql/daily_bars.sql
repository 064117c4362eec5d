-- The newest vintage of each daily bar of several symbols in a range of days.
-- $1 symbols, $2 start of the first bar, $3 start of the last, $4 newest vintage to count.
-- Starts rise within a chunk, so that the bars wanted are cut out of it without looking at the others.
select distinct on (part.symbol, bar.bar_start) part.symbol, bar.*
from (
    select series.symbol, chunk.*,
           width_bucket($2::timestamptz - interval '1 microsecond', chunk.starts) + 1 as lo,
           width_bucket($3::timestamptz, chunk.starts) as hi
    from bar_chunks chunk
    join bar_series series using (series_id)
    where series.interval = '1d'
      and series.symbol = any ($1)
      and chunk.last_start >= $2
      and chunk.first_start <= $3
      and chunk.vintage <= $4
) part
cross join lateral unnest(
    part.starts[part.lo:part.hi], part.open[part.lo:part.hi], part.high[part.lo:part.hi], part.low[part.lo:part.hi],
    (coalesce(part.close, part.open))[part.lo:part.hi], part.volume[part.lo:part.hi], part.adjusted[part.lo:part.hi]
) as bar (bar_start, open, high, low, close, volume, adjusted)
order by part.symbol, bar.bar_start, part.vintage desc
