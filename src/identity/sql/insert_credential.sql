-- A password hash. $1 credential, $2 account, $3 hash, $4 time
insert into credentials (credential_id, account_id, phc, created_at)
values ($1, $2, $3, $4)
