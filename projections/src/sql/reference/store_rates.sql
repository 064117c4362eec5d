-- Stores the rates that are new or differ from the newest of their currency and date, and counts them.
-- $1 vintage, $2 rates as a JSON array.
with given as materialized (
    select *
    from jsonb_to_recordset($2) as given (currency text, rate_date date, annual_rate double precision)
),
latest as materialized (
    select distinct on (stored.currency, stored.rate_date) stored.*
    from risk_free_rates stored
    join given on given.currency = stored.currency and given.rate_date = stored.rate_date
    order by stored.currency, stored.rate_date, stored.vintage desc
),
difference as materialized (
    select given.*, latest.currency is not null as supersedes
    from given
    left join latest on latest.currency = given.currency and latest.rate_date = given.rate_date
    where latest.annual_rate is distinct from given.annual_rate
),
stored as (
    insert into risk_free_rates (currency, rate_date, vintage, annual_rate)
    select currency, rate_date, $1, annual_rate
    from difference
)
select count(*) filter (where not supersedes) as added, count(*) filter (where supersedes) as changed
from difference
