-- $1 instant.
select max(vintage) as vintage
from imports
where imported_at <= $1
