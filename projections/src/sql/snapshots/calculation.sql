-- A calculation of a portfolio. $1 portfolio, $2 calculation
select calculation_id, requested_by, requested_at, ended_at, failure
from calculations
where portfolio_id = $1
  and calculation_id = $2
