-- New versions of facts. $1 portfolio, $2 kinds, $3 keys, $4 known from, $5 known until or null, $6 true since or null,
-- $7 what they say
insert into portfolio_facts (portfolio_id, kind, key, known_from, known_until, effective_date, fact)
select $1, kind, key, known_from, known_until, effective_date, fact::jsonb
from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::date[], $7::text[])
    as added (kind, key, known_from, known_until, effective_date, fact)
