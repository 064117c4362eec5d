-- The newest model with a signature, else with a name. $1 owner, $2 signature or name
select m.model_id, m.owner, m.signature, m.settings, m.version, m.created_seq, m.created_at, m.updated_at,
       (select count(*) from runs r where r.model_id = m.model_id and not r.deleted) as runs
from models m
where m.owner = $1
  and not m.deleted
  and (m.signature = $2 or m.name = $2)
order by m.signature = $2 desc, m.created_seq desc
limit 1
