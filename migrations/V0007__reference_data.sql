-- Reference data of the market store: what prices alone do not say. Insert-only, under the vintages of the imports.

comment on table imports is
    'Owned by projections::bars. Every file or feed of prices or reference data that was loaded, with its report; '
    'insert-only.';
comment on column imports.vintage is
    'Rises by one with every import that stored something, in commit order; null where nothing was new.';

create table company_profiles (
    symbol         text collate "C" not null check (symbol ~ '^[A-Z0-9.^=/_-]{1,32}$'),
    vintage        bigint not null,
    company_name   text not null,
    sector         text,
    industry       text,
    is_etf         boolean,
    is_fund        boolean,
    beta           double precision check (beta <> 'NaN'),
    dividend_yield double precision check (dividend_yield >= 0 and dividend_yield <> 'NaN'),
    market_cap     numeric check (market_cap >= 0),
    listing_date   date,
    details        jsonb not null check (jsonb_typeof(details) = 'object'),
    primary key (symbol, vintage)
);
comment on table company_profiles is
    'Owned by projections::instruments. Insert-only; of a symbol the highest vintage counts, whole. What is asked for by '
    'queries has columns; details holds the other fields that projections::instruments lists, and none else.';

create table sector_weights (
    benchmark  text collate "C" not null,
    as_of_date date not null,
    vintage    bigint not null,
    sectors    text[] not null,
    weights    numeric[] not null,
    primary key (benchmark, as_of_date, vintage),
    check (cardinality(sectors) > 0 and cardinality(sectors) = cardinality(weights)),
    check (array_position(sectors, null) is null and 0 <= all (weights) and 1 >= all (weights))
);
comment on table sector_weights is
    'Owned by projections::sector_weights. Insert-only. All sectors of a benchmark on a date as fractions that sum to '
    'one; of a date the highest vintage counts, whole.';

create table risk_free_rates (
    currency    text collate "C" not null check (currency ~ '^[A-Z]{3}$'),
    rate_date   date not null,
    vintage     bigint not null,
    annual_rate double precision not null check (annual_rate between -1 and 1),
    primary key (currency, rate_date, vintage)
);
comment on table risk_free_rates is
    'Owned by projections::rates. Insert-only. Annual rates as fractions, in force from their date until the next; of a '
    'date the highest vintage counts.';

create table factor_registries (
    vintage bigint primary key,
    version text not null,
    factors jsonb not null check (jsonb_typeof(factors) = 'array')
);
comment on table factor_registries is
    'Owned by projections::factors. Insert-only. The highest vintage is in force; without any, the standard set of the '
    'code is.';

create table scenario_catalogues (
    vintage   bigint primary key,
    version   text not null,
    catalogue jsonb not null check (jsonb_typeof(catalogue) = 'object')
);
comment on table scenario_catalogues is
    'Owned by projections::scenarios. Insert-only. The highest vintage is in force; without any, the catalogue that comes '
    'with the code is.';

create trigger insert_only before update or delete or truncate on company_profiles
    for each statement execute function refuse_change_of_market_data();
create trigger insert_only before update or delete or truncate on sector_weights
    for each statement execute function refuse_change_of_market_data();
create trigger insert_only before update or delete or truncate on risk_free_rates
    for each statement execute function refuse_change_of_market_data();
create trigger insert_only before update or delete or truncate on factor_registries
    for each statement execute function refuse_change_of_market_data();
create trigger insert_only before update or delete or truncate on scenario_catalogues
    for each statement execute function refuse_change_of_market_data();

-- Everybody's, as prices are.
grant select on company_profiles, sector_weights, risk_free_rates, factor_registries, scenario_catalogues
    to tapedeck_viewer;

-- Closes adjusted for splits and dividends, where a source gives them beside the closes that were traded.
alter table bar_chunks add column adjusted bigint[];
alter table bar_chunks add check (
    adjusted is null or cardinality(adjusted) = bars and coalesce(0 < all (adjusted), true)
);
alter table bar_chunks alter adjusted set storage external;
comment on column bar_chunks.adjusted is
    'Closes adjusted for splits and dividends, counts of 10^-8; null where the source does not give them.';

create or replace view bars as
select chunk.series_id,
       bar.bar_start,
       bar.bar_end,
       chunk.vintage,
       bar.open,
       bar.high,
       bar.low,
       bar.close,
       bar.volume,
       bar.adjusted
from bar_chunks chunk
cross join lateral unnest(
    chunk.starts, chunk.ends, chunk.open, chunk.high, chunk.low, coalesce(chunk.close, chunk.open), chunk.volume,
    chunk.adjusted
) as bar (bar_start, bar_end, open, high, low, close, volume, adjusted);

create or replace view bars_decimal as
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
       bar.vintage = max(bar.vintage) over (partition by bar.series_id, bar.bar_start) as latest,
       trim_scale(bar.adjusted * 0.00000001) as adjusted_close
from bars bar
join bar_series series using (series_id);
