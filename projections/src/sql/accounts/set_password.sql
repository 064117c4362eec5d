-- Another password hash is in force. $1 account, $2 version, $3 time, $4 credential
update accounts
set version = $2, updated_at = $3, credential_id = $4
where account_id = $1
