-- A new account. $1 account, $2 principal, $3 address, $4 normalised, $5 skeleton, $6 name, $7 role, $8 entry,
-- $9 version, $10 position, $11 time
insert into accounts
    (account_id, principal, email, email_normalised, skeleton, full_name, role, entry, version, created_seq,
     created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
