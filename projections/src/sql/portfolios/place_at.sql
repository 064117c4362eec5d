-- The last event of a portfolio that was known at a position or instant. $1 portfolio, $2 position, $3 instant or null
select version, seq
from portfolio_history
where portfolio_id = $1
  and seq <= $2
  and ($3::timestamptz is null or recorded_at <= $3)
order by version desc
limit 1
