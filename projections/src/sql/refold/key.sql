-- The columns that tell the rows of one aggregate apart: the primary key without the aggregate. $1 table, $2 its column
select string_agg(format('%I', a.attname), ', ' order by k.place)
from pg_index i
cross join unnest(i.indkey) with ordinality as k (attnum, place)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = $1::text::regclass and i.indisprimary and a.attname <> $2
