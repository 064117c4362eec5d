-- An attempt was right after all: it does not count. $1 subject, $2 now
update login_throttles
set failures = greatest(failures - 1, 0), blocked_until = least(blocked_until, $2)
where subject = $1
