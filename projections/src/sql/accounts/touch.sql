-- Something happened that changes no other column. $1 account, $2 version
update accounts
set version = $2
where account_id = $1
