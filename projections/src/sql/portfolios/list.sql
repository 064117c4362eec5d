-- Portfolios that are not closed, newest first. $1 owner or null, $2 before position, $3 limit
select portfolio_id, owner, settings, version, last_seq, created_seq
from portfolios
where closed_at is null
  and ($1::text is null or owner = $1)
  and created_seq < $2
order by created_seq desc
limit $3
