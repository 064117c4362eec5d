-- The market store: bars of every symbol, insert-only, with vintages.

create table bar_series (
    series_id integer generated always as identity primary key,
    symbol    text collate "C" not null check (symbol ~ '^[A-Z0-9.^=/_-]{1,32}$'),
    interval  text not null check (interval in ('1d', '60min', '1min')),
    unique (symbol, interval)
);
comment on table bar_series is
    'Owned by projections::bars. One line of bars: a symbol at an interval, named once so that bars stay narrow.';

create table imports (
    import_id   bigint generated always as identity primary key,
    vintage     bigint unique check (vintage > 0),
    name        text not null,
    format      text not null,
    sha256      bytea check (octet_length(sha256) = 32),
    options     text not null,
    report      jsonb not null,
    added       bigint not null check (added >= 0),
    changed     bigint not null check (changed >= 0),
    imported_at timestamptz not null,
    check ((vintage is null) = (added + changed = 0))
);
comment on table imports is
    'Owned by projections::bars. Every file or feed that was loaded, with its report; insert-only.';
comment on column imports.vintage is
    'Rises by one with every import that stored a bar, in commit order; null where nothing was new.';
comment on column imports.sha256 is 'Of the file as it was given, compressed or not; null for a feed.';
comment on column imports.options is 'What the reader was told, in canonical form: with sha256 it names an import.';
create unique index imports_once on imports (sha256, options) where sha256 is not null;

create table bars (
    series_id integer not null,
    bar_start timestamptz not null,
    bar_end   timestamptz not null,
    vintage   bigint not null,
    open      bigint not null check (open > 0),
    high      bigint check (high > 0),
    low       bigint check (low > 0),
    close     bigint check (close > 0),
    volume    numeric check (volume >= 0),
    primary key (series_id, bar_start, vintage),
    check (bar_end > bar_start),
    check ((high is null) = (low is null)),
    check (high >= low),
    check (close is not null or (high is null and volume is null))
);
comment on table bars is
    'Owned by projections::bars. Insert-only; prices are counts of 10^-8; of one bar the highest vintage counts. '
    'Without a close only the open is known; with a close but no high and low the range is unknown, and where open '
    'and close are equal as well the bar is flat: one price is all that is known.';

create table import_series (
    vintage     bigint not null,
    series_id   integer not null,
    added       bigint not null check (added >= 0),
    changed     bigint not null check (changed >= 0),
    first_start timestamptz not null,
    last_start  timestamptz not null,
    primary key (series_id, vintage),
    check (added + changed > 0)
);
comment on table import_series is
    'Owned by projections::bars. What each vintage stored of each series: coverage without counting bars; insert-only.';

create function refuse_change_of_market_data() returns trigger
    language plpgsql
as $$
begin
    raise exception '% is insert-only: a correction is a new vintage', tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

create trigger insert_only before update or delete or truncate on bar_series
    for each statement execute function refuse_change_of_market_data();
create trigger insert_only before update or delete or truncate on imports
    for each statement execute function refuse_change_of_market_data();
create trigger insert_only before update or delete or truncate on bars
    for each statement execute function refuse_change_of_market_data();
create trigger insert_only before update or delete or truncate on import_series
    for each statement execute function refuse_change_of_market_data();

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
       not exists (
           select from bars newer
           where newer.series_id = bar.series_id
             and newer.bar_start = bar.bar_start
             and newer.vintage > bar.vintage
       ) as latest
from bars bar
join bar_series series using (series_id);
comment on view bars_decimal is
    'For people: bars of every vintage with decimal prices; add "where latest" for those that count.';
