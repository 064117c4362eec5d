-- What was known of a portfolio. $1 portfolio, $2 position
select kind, key, fact::text
from portfolio_facts
where portfolio_id = $1
  and known_from <= $2
  and (known_until is null or known_until > $2)
