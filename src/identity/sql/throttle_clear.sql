-- All is forgiven. $1 subject
delete from login_throttles
where subject = $1
