-- The last session with a snapshot. $1 portfolio, $2 last date, $3 position, $4 instant or null
select session
from portfolio_snapshots
where portfolio_id = $1
  and session <= $2
  and known_from <= $3
  and (known_until is null or known_until > $3 or replaced_at > $4)
  and ($4::timestamptz is null or recorded_at <= $4 and (replaced_at is null or replaced_at > $4))
order by session desc
limit 1
