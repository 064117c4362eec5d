-- Snapshots of a range of sessions without their lots. $1 portfolio, $2 first, $3 last, $4 position, $5 instant or null
select session, known_from, recorded_at, portfolio_version, vintage, method_version, snapshot::text, '[]' as lots
from portfolio_snapshots
where portfolio_id = $1
  and session between $2 and $3
  and known_from <= $4
  and (known_until is null or known_until > $4 or replaced_at > $5)
  and ($5::timestamptz is null or recorded_at <= $5 and (replaced_at is null or replaced_at > $5))
order by session
