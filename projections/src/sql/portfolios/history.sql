-- What happened, newest first. $1 portfolio, $2 key of a fact (a lot's marks belong to it) or null, $3 and $4 before
-- version and place, $5 known at, $6 limit
select version, place, seq, event_type, kind, key, principal, impersonated_by, request_id, command_id, event, recorded_at
from portfolio_history
where portfolio_id = $1
  and ($2::text is null or key = $2 or (key > $2 || '/' and key < $2 || '0'))
  and (version, place) < ($3, $4)
  and seq <= $5
order by version desc, place desc
limit $6
