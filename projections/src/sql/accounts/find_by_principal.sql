-- The account of a principal. $1 principal
select account_id, principal, email, full_name, role, active, entry, credential_id, version, created_seq, created_at,
       updated_at, signed_in_at
from accounts
where principal = $1
