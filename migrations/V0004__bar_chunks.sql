-- Bars in chunks: a row per bar took longer to hand out than to use.

create table bar_chunks (
    series_id   integer not null,
    last_start  timestamptz not null,
    first_start timestamptz not null,
    vintage     bigint not null,
    bars        integer not null check (bars > 0),
    starts      timestamptz[] not null,
    ends        timestamptz[] not null,
    open        bigint[] not null,
    high        bigint[],
    low         bigint[],
    close       bigint[],
    volume      numeric[],
    primary key (series_id, last_start, first_start, vintage),
    check (first_start = starts[1] and last_start = starts[bars]),
    check (cardinality(starts) = bars and cardinality(ends) = bars and cardinality(open) = bars),
    check (array_position(starts, null) is null and array_position(open, null) is null),
    check (0 < all (open)),
    check (close is null or cardinality(close) = bars and coalesce(0 < all (close), true)),
    check (high is null or close is not null and cardinality(high) = bars and coalesce(0 < all (high), true)),
    check ((high is null) = (low is null)),
    check (low is null or cardinality(low) = bars and coalesce(0 < all (low), true)),
    check (volume is null or cardinality(volume) = bars and coalesce(0 <= all (volume), true))
);
-- Packed numbers of this kind hardly shrink, and reading them back is what the table is for.
alter table bar_chunks
    alter starts set storage external,
    alter ends set storage external,
    alter open set storage external,
    alter high set storage external,
    alter low set storage external,
    alter close set storage external;
comment on table bar_chunks is
    'Owned by projections::bars. Insert-only. A row holds the bars of a series that one vintage brought, some thousands '
    'at most, by rising start; of a bar in several vintages the highest counts. Prices are counts of 10^-8. Without '
    'close a bar is open-only; with a close but no high and low its range is unknown, and where open and close are '
    'equal as well it is flat: one price is all that is known. Without an array of closes every bar is flat.';

insert into bar_chunks
    (series_id, last_start, first_start, vintage, bars, starts, ends, open, high, low, close, volume)
select series_id,
       max(bar_start),
       min(bar_start),
       vintage,
       count(*),
       array_agg(bar_start order by bar_start),
       array_agg(bar_end order by bar_start),
       array_agg(open order by bar_start),
       case when bool_or(high is not null) then array_agg(high order by bar_start) end,
       case when bool_or(low is not null) then array_agg(low order by bar_start) end,
       case when bool_or(close is distinct from open or high is not null) then array_agg(close order by bar_start) end,
       case when bool_or(volume is not null) then array_agg(volume order by bar_start) end
from (
    select *, (row_number() over (partition by series_id, vintage order by bar_start) - 1) / 4096 as chunk
    from bars
) bar
group by series_id, vintage, chunk;

drop view bars_decimal;
drop table bars;

create trigger insert_only before update or delete or truncate on bar_chunks
    for each statement execute function refuse_change_of_market_data();

create view bars as
select chunk.series_id,
       bar.bar_start,
       bar.bar_end,
       chunk.vintage,
       bar.open,
       bar.high,
       bar.low,
       bar.close,
       bar.volume
from bar_chunks chunk
cross join lateral unnest(
    chunk.starts, chunk.ends, chunk.open, chunk.high, chunk.low, coalesce(chunk.close, chunk.open), chunk.volume
) as bar (bar_start, bar_end, open, high, low, close, volume);
comment on view bars is 'The bars of every vintage, one a row, keyed by series_id, bar_start and vintage.';

create view bars_decimal as
select series.symbol,
       series.interval,
       bar.bar_start,
       bar.bar_end,
       bar.vintage,
       trim_scale(bar.open * 0.00000001) as open,
       trim_scale(case when bar.close is not null then coalesce(bar.high, greatest(bar.open, bar.close)) end
           * 0.00000001) as high,
       trim_scale(case when bar.close is not null then coalesce(bar.low, least(bar.open, bar.close)) end
           * 0.00000001) as low,
       trim_scale(bar.close * 0.00000001) as close,
       bar.volume,
       coalesce(bar.high is null and bar.open = bar.close, false) as flat,
       bar.close is null as open_only,
       bar.vintage = max(bar.vintage) over (partition by bar.series_id, bar.bar_start) as latest
from bars bar
join bar_series series using (series_id);
comment on view bars_decimal is
    'For people: bars of every vintage with decimal prices; add "where latest" for those that count.';
