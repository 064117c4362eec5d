-- The first row that is shown otherwise than it follows. $1 the aggregate; {key}, {name}, {real} and {of} are put in.
select key::text, follows.row as follows, shown.row as shown
from (select array[{key}]::bigint[] as key, to_jsonb(t) as row from pg_temp.{name} t) as follows
full join (select array[{key}]::bigint[] as key, to_jsonb(t) as row from {real} t where {of} = $1) as shown using (key)
where follows.row is distinct from shown.row
order by key
limit 1
