-- Stores the staged bars that are new or differ from the newest vintage of their bar; a row per series touched.
-- $1 vintage, $2 symbols and $3 intervals of the staged places, in order.
-- An open-only bar tells nothing new about a complete bar of the same open.
with named as (
    select series.series_id, (asked.place - 1)::integer as place
    from unnest($2::text[], $3::text[]) with ordinality as asked (symbol, interval, place)
    join bar_series series using (symbol, interval)
),
difference as materialized (
    select named.series_id, staged.*, latest.vintage is not null as supersedes
    from bars_staged staged
    join named using (place)
    left join lateral (
        select bar.vintage, bar.bar_end, bar.open, bar.high, bar.low, bar.close, bar.volume
        from bars bar
        where bar.series_id = named.series_id
          and bar.bar_start = staged.bar_start
        order by bar.vintage desc
        limit 1
    ) latest on true
    where latest.vintage is null
       or ((staged.bar_end, staged.open, staged.high, staged.low, staged.close, staged.volume)
               is distinct from (latest.bar_end, latest.open, latest.high, latest.low, latest.close, latest.volume)
           and not (staged.close is null and latest.close is not null and staged.open = latest.open))
),
stored as (
    insert into bars (series_id, bar_start, bar_end, vintage, open, high, low, close, volume)
    select series_id, bar_start, bar_end, $1, open, high, low, close, volume
    from difference
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
