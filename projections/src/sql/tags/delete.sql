-- A tag that is gone. $1 tag
delete from tags
where tag_id = $1
