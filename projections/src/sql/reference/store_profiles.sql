-- Stores the profiles that are new or differ from the newest of their symbol, and counts them.
-- $1 vintage, $2 profiles as a JSON array.
with given as materialized (
    select *
    from jsonb_to_recordset($2) as given (
        symbol text, company_name text, sector text, industry text, is_etf boolean, is_fund boolean,
        beta double precision, dividend_yield double precision, market_cap numeric, listing_date date, details jsonb
    )
),
latest as materialized (
    select distinct on (symbol) *
    from company_profiles
    where symbol in (select symbol from given)
    order by symbol, vintage desc
),
difference as materialized (
    select given.*, latest.symbol is not null as supersedes
    from given
    left join latest on latest.symbol = given.symbol collate "C"
    where latest.symbol is null
       or (given.company_name, given.sector, given.industry, given.is_etf, given.is_fund, given.beta,
           given.dividend_yield, given.market_cap, given.listing_date, given.details)
          is distinct from
          (latest.company_name, latest.sector, latest.industry, latest.is_etf, latest.is_fund, latest.beta,
           latest.dividend_yield, latest.market_cap, latest.listing_date, latest.details)
),
stored as (
    insert into company_profiles
        (symbol, vintage, company_name, sector, industry, is_etf, is_fund, beta, dividend_yield, market_cap,
         listing_date, details)
    select symbol, $1, company_name, sector, industry, is_etf, is_fund, beta, dividend_yield, market_cap, listing_date,
           details
    from difference
)
select count(*) filter (where not supersedes) as added, count(*) filter (where supersedes) as changed
from difference
