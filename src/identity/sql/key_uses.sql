-- When some API keys were last used. $1 keys
select key_id, last_used_at
from api_key_uses
where key_id = any ($1)
