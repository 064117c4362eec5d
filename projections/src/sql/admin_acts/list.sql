-- Acts, newest first. $1 account or null, $2 who or null, $3 before position, $4 and place, $5 limit
select seq, place, act, by, account_id, email, reason, ip, user_agent, details, at, outcome
from admin_acts
where ($1::uuid is null or account_id = $1)
  and ($2::text is null or by = $2)
  and (seq, place) < ($3, $4)
order by seq desc, place desc
limit $5
