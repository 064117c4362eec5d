-- No link is valid any more. No parameters.
delete from claim_tokens
