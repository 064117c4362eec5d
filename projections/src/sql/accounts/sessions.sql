-- Sessions of an account, newest first. $1 account, $2 only those that live at this time or null, $3 before position,
-- $4 limit
select session_id, account_id, impersonator, access, reason, ip, user_agent, opened_seq, opened_at, refreshed_at,
       expires_at, ended_at, end_reason
from sessions
where account_id = $1
  and ($2::timestamptz is null or ended_at is null and expires_at > $2)
  and opened_seq < $3
order by opened_seq desc
limit $4
