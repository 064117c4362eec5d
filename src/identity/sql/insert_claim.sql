-- A one-time link. $1 hash, $2 time
insert into claim_tokens (token_hash, created_at)
values ($1, $2)
