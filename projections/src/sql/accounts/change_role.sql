-- Another role. $1 account, $2 version, $3 time, $4 role
update accounts
set version = $2, updated_at = $3, role = $4
where account_id = $1
