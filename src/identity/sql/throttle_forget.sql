-- Forgets a few old counters. $1 last attempt before, $2 how many
delete from login_throttles
where subject in (
    select subject
    from login_throttles
    where last_attempt_at < $1
    order by last_attempt_at
    limit $2
    for update skip locked
)
