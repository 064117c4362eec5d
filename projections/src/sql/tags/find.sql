-- One tag. $1 tag
select tag_id, owner, tag, version, changed_seq
from tags
where tag_id = $1
