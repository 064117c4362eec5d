-- Counts an attempt before it is made, unless it has to wait: no row. $1 subject, $2 now, $3 forget what was before,
-- $4 attempts without delay, $5 first delay in seconds, $6 longest delay in seconds
-- Without a delay it is blocked until long ago, not until now: another's now may be a moment earlier.
insert into login_throttles as t (subject, failures, last_attempt_at, blocked_until)
values ($1, 1, $2, 'epoch')
on conflict (subject) do update
set failures = case when t.last_attempt_at < $3 then 1 else t.failures + 1 end,
    last_attempt_at = $2,
    blocked_until = case
        when t.last_attempt_at < $3 or t.failures + 1 <= $4 then 'epoch'
        else $2 + make_interval(secs => least($6::float8, $5::float8 * 2 ^ least(t.failures - $4, 30)))
    end
where t.blocked_until <= $2
returning failures, blocked_until
