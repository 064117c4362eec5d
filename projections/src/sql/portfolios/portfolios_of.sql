-- Whose facts these are, in all their versions. $1 kind, $2 keys
select distinct key, portfolio_id
from portfolio_facts
where kind = $1
  and key = any ($2)
