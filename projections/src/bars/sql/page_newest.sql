-- Newest bars first. $1 symbol, $2 interval, $3 from or null, $4 to (exclusive) or null, $5 newest vintage to count,
-- $6 start of the last bar already seen or null, $7 how many, $8 how many bars the chunks opened should hold.
-- Only the chunks nearest to the first bar are opened, and only bars that no other chunk can hold are given. Bars seen
-- or corrected can make them too few: complete says whether the rest was opened as well. There is always a row.
with near as (
    select last_start as edge, sum(bars) over (order by last_start desc) as so_far
    from (
        select chunk.last_start, chunk.bars
        from bar_chunks chunk
        join bar_series series using (series_id)
        where series.symbol = $1
          and series.interval = $2
          and ($3::timestamptz is null or chunk.last_start >= $3)
          and ($4::timestamptz is null or chunk.first_start < $4)
          and ($6::timestamptz is null or chunk.first_start < $6)
          and chunk.vintage <= $5
        order by chunk.last_start desc
        limit $8::bigint + 1
    ) chunk
),
rest as (
    select max(edge) as edge
    from near
    where edge < (select max(edge) from near where so_far >= $8::bigint)
)
select bar.*, rest.edge is null as complete
from rest
left join lateral (
    select distinct on (bar.bar_start) bar.*, chunk.vintage
    from bar_chunks chunk
    join bar_series series using (series_id)
    cross join lateral unnest(
        chunk.starts, chunk.ends, chunk.open, chunk.high, chunk.low, coalesce(chunk.close, chunk.open), chunk.volume
    ) as bar (bar_start, bar_end, open, high, low, close, volume)
    where series.symbol = $1
      and series.interval = $2
      and ($3::timestamptz is null or chunk.last_start >= $3 and bar.bar_start >= $3)
      and ($4::timestamptz is null or chunk.first_start < $4 and bar.bar_start < $4)
      and ($6::timestamptz is null or chunk.first_start < $6 and bar.bar_start < $6)
      and (rest.edge is null or chunk.last_start > rest.edge and bar.bar_start > rest.edge)
      and chunk.vintage <= $5
    order by bar.bar_start desc, chunk.vintage desc
    limit $7::bigint
) bar on true
order by bar.bar_start desc
