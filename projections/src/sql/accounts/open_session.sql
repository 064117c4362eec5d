-- A session or an impersonation. $1 session, $2 account, $3 impersonator, $4 session of the impersonator, $5 access,
-- $6 reason, $7 address, $8 user agent, $9 position, $10 time, $11 end
insert into sessions
    (session_id, account_id, impersonator, admin_session_id, access, reason, ip, user_agent, opened_seq, opened_at,
     refreshed_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
