-- Accounts, newest first. $1 role or null, $2 active or null, $3 part of the address or name or null,
-- $4 before position, $5 limit
select account_id, principal, email, full_name, role, active, entry, credential_id, version, created_seq, created_at,
       updated_at, signed_in_at
from accounts
where ($1::text is null or role = $1)
  and ($2::boolean is null or active = $2)
  and ($3::text is null or strpos(email_normalised, lower($3)) > 0 or strpos(lower(full_name), lower($3)) > 0)
  and created_seq < $4
order by created_seq desc
limit $5
