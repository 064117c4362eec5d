-- Facts as they are now. $1 portfolio, $2 kinds, $3 keys
select f.kind, f.key, f.known_from, f.fact::text
from unnest($2::text[], $3::text[]) as touched (kind, key)
join portfolio_facts f on f.portfolio_id = $1 and f.kind = touched.kind and f.key = touched.key and f.known_until is null
