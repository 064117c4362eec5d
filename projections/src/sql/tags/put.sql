-- A tag as it is now. $1 tag, $2 owner, $3 name, $4 place in lists, $5 what it is, $6 version, $7 position
insert into tags (tag_id, owner, name, display_order, tag, version, changed_seq)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tag_id) do update
set name = excluded.name, display_order = excluded.display_order, tag = excluded.tag, version = excluded.version,
    changed_seq = excluded.changed_seq
