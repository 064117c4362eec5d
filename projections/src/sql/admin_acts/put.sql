-- An act. $1 position, $2 place, $3 act, $4 who, $5 account, $6 address, $7 reason, $8 network address,
-- $9 user agent, $10 details, $11 time, $12 operation or null
insert into admin_acts (seq, place, act, by, account_id, email, reason, ip, user_agent, details, at, operation_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
