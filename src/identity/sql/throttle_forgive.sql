-- An attempt was right after all: it does not count. $1 subject
update login_throttles
set failures = greatest(failures - 1, 0)
where subject = $1
