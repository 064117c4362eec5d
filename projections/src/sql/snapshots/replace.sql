-- Snapshots that are known no longer. $1 portfolio, $2 sessions, $3 position, $4 when it was recorded
update portfolio_snapshots
set known_until = $3, replaced_at = $4
where portfolio_id = $1
  and session = any ($2)
  and known_until is null
