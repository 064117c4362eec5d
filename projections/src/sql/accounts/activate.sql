-- Active, or not any more. $1 account, $2 version, $3 time, $4 active
update accounts
set version = $2, updated_at = $3, active = $4
where account_id = $1
