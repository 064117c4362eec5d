-- Until when sign-ins of some subjects have to wait. $1 subjects, $2 now
select max(blocked_until) as blocked_until
from login_throttles
where subject = any ($1)
  and blocked_until > $2
