-- How many active administrators there are but one account. $1 account that does not count, or null
select count(*) as admins
from accounts
where role = 'admin'
  and active
  and ($1::uuid is null or account_id <> $1)
