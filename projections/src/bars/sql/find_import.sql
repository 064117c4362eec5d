-- $1 sha256 of the file, $2 options of its reader.
select import_id, vintage, added, changed, report, imported_at
from imports
where sha256 = $1
  and options = $2
