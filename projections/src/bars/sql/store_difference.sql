-- Stores the staged bars that are new or differ from the newest vintage of their bar; a row per series touched.
-- $1 vintage, $2 symbols and $3 intervals of the staged places, in order, $4 bars of a chunk.
-- An open-only bar tells nothing new about a complete bar of the same open, nor does one without an adjusted close about
-- one that has it.
with staged as materialized (
    select series.series_id, staged.bar_start, staged.bar_end,
           staged.open, staged.high, staged.low, staged.close, staged.volume, staged.adjusted
    from unnest($2::text[], $3::text[]) with ordinality as asked (symbol, interval, place)
    join bar_series series using (symbol, interval)
    join bars_staged staged on staged.place = asked.place - 1
),
touched as (
    select series_id, min(bar_start) as first_start, max(bar_start) as last_start
    from staged
    group by series_id
),
latest as materialized (
    select distinct on (chunk.series_id, bar.bar_start) chunk.series_id, bar.*
    from touched
    join bar_chunks chunk
        on chunk.series_id = touched.series_id
        and chunk.last_start >= touched.first_start
        and chunk.first_start <= touched.last_start
    cross join lateral unnest(
        chunk.starts, chunk.ends, chunk.open, chunk.high, chunk.low, coalesce(chunk.close, chunk.open), chunk.volume,
        chunk.adjusted
    ) as bar (bar_start, bar_end, open, high, low, close, volume, adjusted)
    where bar.bar_start between touched.first_start and touched.last_start
    order by chunk.series_id, bar.bar_start, chunk.vintage desc
),
difference as materialized (
    select staged.*,
           latest.open is not null as supersedes,
           (row_number() over (partition by staged.series_id order by staged.bar_start) - 1) / $4::bigint as chunk
    from staged
    left join latest using (series_id, bar_start)
    where latest.open is null
       or ((staged.bar_end, staged.open, staged.high, staged.low, staged.close, staged.volume,
               coalesce(staged.adjusted, latest.adjusted))
               is distinct from (latest.bar_end, latest.open, latest.high, latest.low, latest.close, latest.volume,
               latest.adjusted)
           and not (staged.close is null and latest.close is not null and staged.open = latest.open))
),
stored as (
    insert into bar_chunks
        (series_id, last_start, first_start, vintage, bars, starts, ends, open, high, low, close, volume,
         adjusted)
    select series_id,
           max(bar_start),
           min(bar_start),
           $1,
           count(*),
           array_agg(bar_start order by bar_start),
           array_agg(bar_end order by bar_start),
           array_agg(open order by bar_start),
           case when bool_or(high is not null) then array_agg(high order by bar_start) end,
           case when bool_or(low is not null) then array_agg(low order by bar_start) end,
           case when bool_or(close is distinct from open or high is not null) then
               array_agg(close order by bar_start)
           end,
           case when bool_or(volume is not null) then array_agg(volume order by bar_start) end,
           case when bool_or(adjusted is not null) then array_agg(adjusted order by bar_start) end
    from difference
    group by series_id, chunk
)
insert into import_series (vintage, series_id, added, changed, first_start, last_start)
select $1,
       series_id,
       count(*) filter (where not supersedes),
       count(*) filter (where supersedes),
       min(bar_start),
       max(bar_start)
from difference
group by series_id
returning added, changed
