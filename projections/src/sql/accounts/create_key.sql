-- A new API key. $1 key, $2 account, $3 name, $4 hash, $5 prefix, $6 scopes, $7 position, $8 time, $9 end or null
insert into api_keys (key_id, account_id, name, key_hash, prefix, scopes, created_seq, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
