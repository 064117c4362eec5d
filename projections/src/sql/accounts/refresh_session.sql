-- A session goes on. $1 session, $2 time, $3 end
update sessions
set refreshed_at = $2, expires_at = $3
where session_id = $1
