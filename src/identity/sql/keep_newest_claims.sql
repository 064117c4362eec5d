-- Only the newest links stay valid. $1 how many
delete from claim_tokens
where token_hash not in (select token_hash from claim_tokens order by created_at desc limit $1)
