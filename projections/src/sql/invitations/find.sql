-- One invitation. $1 normalised address
select email, role, invited_by, reason, changed_seq, changed_at
from invitations
where email_normalised = $1
