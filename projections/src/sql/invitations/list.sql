-- Invitations, the last changed first. $1 before position, $2 limit
select email, role, invited_by, reason, changed_seq, changed_at
from invitations
where changed_seq < $1
order by changed_seq desc
limit $2
