-- The rates in force from one date to another: the last on or before the first date, and those after it.
-- $1 currency, $2 from, $3 to (included), $4 newest vintage to count.
select distinct on (rate_date) rate_date, annual_rate, vintage
from risk_free_rates
where currency = $1
  and rate_date <= $3
  and rate_date >= coalesce(
      (select max(rate_date) from risk_free_rates where currency = $1 and rate_date <= $2 and vintage <= $4), $2)
  and vintage <= $4
order by rate_date, vintage desc
