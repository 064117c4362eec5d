-- Whether a one-time link is valid. $1 hash
select exists (select from claim_tokens where token_hash = $1) as found
