-- Password hashes that are not in force any more. $1 account, $2 credential in force, $3 replaced credential,
-- $4 others made before
delete from credentials
where account_id = $1
  and credential_id <> $2
  and (credential_id = $3 or created_at < $4)
