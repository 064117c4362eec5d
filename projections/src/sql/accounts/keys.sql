-- API keys of an account, newest first. $1 account, $2 before position, $3 limit
select key_id, account_id, name, prefix, scopes, created_seq, created_at, expires_at, revoked_at
from api_keys
where account_id = $1
  and created_seq < $2
order by created_seq desc
limit $3
