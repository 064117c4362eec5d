-- A session is over. $1 session, $2 time, $3 reason
update sessions
set ended_at = $2, end_reason = $3
where session_id = $1
  and ended_at is null
