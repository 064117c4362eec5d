-- One account. $1 account
select account_id, principal, email, full_name, role, active, entry, credential_id, version, created_seq, created_at,
       updated_at, signed_in_at
from accounts
where account_id = $1
