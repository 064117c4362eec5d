-- Stores a catalogue unless it is the one in force, and counts it. $1 vintage, $2 catalogue as JSON.
with newest as (
    select catalogue
    from scenario_catalogues
    order by vintage desc
    limit 1
),
difference as materialized (
    select exists (select from newest) as supersedes
    where not exists (select from newest where catalogue = $2::jsonb)
),
stored as (
    insert into scenario_catalogues (vintage, version, catalogue)
    select $1, $2::jsonb ->> 'version', $2::jsonb
    from difference
)
select count(*) filter (where not supersedes) as added, count(*) filter (where supersedes) as changed
from difference
