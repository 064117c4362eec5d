-- One portfolio, closed or not. $1 portfolio
select portfolio_id, owner, settings, version, last_seq, created_seq
from portfolios
where portfolio_id = $1
