-- Tables with their schemas, in the given order. $1 names
select format('%I.%I', n.nspname, c.relname)
from unnest($1::text[]) with ordinality as given (name, place)
join pg_class c on c.oid = to_regclass(given.name)
join pg_namespace n on n.oid = c.relnamespace
order by given.place
