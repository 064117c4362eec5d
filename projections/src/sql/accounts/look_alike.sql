-- Whether another account's address looks the same. $1 skeleton, $2 account
select exists (select from accounts where skeleton = $1 and account_id <> $2) as found
