-- The portfolios of an owner that are not closed. $1 owner, $2 the portfolio that is left out, or null
select settings ->> 'account_name', (settings ->> 'is_active')::boolean
from portfolios
where owner = $1
  and closed_at is null
  and portfolio_id is distinct from $2
