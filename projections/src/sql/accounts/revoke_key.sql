-- An API key is not accepted any more. $1 key, $2 time
update api_keys
set revoked_at = $2
where key_id = $1
