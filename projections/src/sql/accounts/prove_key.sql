-- Who an API key stands for, now. $1 hash
select k.key_id, k.account_id, a.principal, a.role, a.active, k.scopes, k.expires_at,
       k.revoked_at is not null as revoked
from api_keys k
join accounts a on a.account_id = k.account_id
where k.key_hash = $1
