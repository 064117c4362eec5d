-- Somebody signed in. $1 account, $2 version, $3 time
update accounts
set version = $2, signed_in_at = $3
where account_id = $1
