-- Stores a registry unless it is the one in force, and counts it. $1 vintage, $2 registry as JSON.
with newest as (
    select version, factors
    from factor_registries
    order by vintage desc
    limit 1
),
difference as materialized (
    select exists (select from newest) as supersedes
    where not exists (select from newest where version = $2::jsonb ->> 'version' and factors = $2::jsonb -> 'factors')
),
stored as (
    insert into factor_registries (vintage, version, factors)
    select $1, $2::jsonb ->> 'version', $2::jsonb -> 'factors'
    from difference
)
select count(*) filter (where not supersedes) as added, count(*) filter (where supersedes) as changed
from difference
