-- Tags by their place in lists. $1 owner or null, $2 archived ones, too
select tag_id, owner, tag, version, changed_seq
from tags
where ($1::text is null or owner = $1)
  and ($2 or tag ->> 'archived_at' is null)
order by owner, display_order, name, tag_id
