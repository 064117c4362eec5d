-- An API key was used. $1 key, $2 time
insert into api_key_uses (key_id, last_used_at)
values ($1, $2)
on conflict (key_id) do update
set last_used_at = greatest(api_key_uses.last_used_at, excluded.last_used_at)
