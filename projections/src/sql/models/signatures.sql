-- Signatures that start like one. $1 owner, $2 signature without suffix
select signature
from models
where owner = $1
  and (signature = $2 or starts_with(signature, $2 || '-'))
