-- Models, newest first. $1 owner or null, $2 before position, $3 limit
select m.model_id, m.owner, m.signature, m.settings, m.version, m.created_seq, m.created_at, m.updated_at,
       (select count(*) from runs r where r.model_id = m.model_id and not r.deleted) as runs
from models m
where not m.deleted
  and ($1::text is null or m.owner = $1)
  and m.created_seq < $2
order by m.created_seq desc
limit $3
