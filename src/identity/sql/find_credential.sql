-- One password hash. $1 credential
select phc
from credentials
where credential_id = $1
