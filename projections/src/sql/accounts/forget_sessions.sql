-- Sessions that ended long ago. $1 account, $2 ended before
delete from sessions
where account_id = $1
  and coalesce(ended_at, expires_at) < $2
