-- Facts that changed or were taken back. $1 portfolio, $2 kinds, $3 keys, $4 known from, $5 known until
update portfolio_facts f
set known_until = closed.known_until
from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) as closed (kind, key, known_from, known_until)
where f.portfolio_id = $1 and f.kind = closed.kind and f.key = closed.key and f.known_from = closed.known_from
