-- One model. $1 model
select m.model_id, m.owner, m.signature, m.settings, m.version, m.created_seq, m.created_at, m.updated_at,
       (select count(*) from runs r where r.model_id = m.model_id and not r.deleted) as runs
from models m
where m.model_id = $1
  and not m.deleted
