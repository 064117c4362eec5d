-- $1 vintage or null, $2 name, $3 format, $4 sha256 or null, $5 options, $6 report, $7 added, $8 changed, $9 imported at.
insert into imports (vintage, name, format, sha256, options, report, added, changed, imported_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning import_id
