-- What a tag was before an event. $1 tag
select tag
from tags
where tag_id = $1
