-- Facts as they are now, one look into the index each: the planner may know nothing of the table yet.
-- $1 portfolio, $2 kinds, $3 keys
select f.kind, f.key, f.known_from, f.fact
from unnest($2::text[], $3::text[]) as touched (kind, key)
cross join lateral (
    select kind, key, known_from, fact::text
    from portfolio_facts
    where portfolio_id = $1
      and kind = touched.kind
      and key = touched.key
      and known_until is null
    limit 1
) f
