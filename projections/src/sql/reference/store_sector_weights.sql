-- Stores the sets of weights that are new or differ from the newest of their benchmark and date, and counts them.
-- $1 vintage, $2 sets as a JSON array.
with given as materialized (
    select *
    from jsonb_to_recordset($2) as given (benchmark text, as_of_date date, sectors text[], weights numeric[])
),
latest as materialized (
    select distinct on (stored.benchmark, stored.as_of_date) stored.*
    from sector_weights stored
    join given on given.benchmark = stored.benchmark and given.as_of_date = stored.as_of_date
    order by stored.benchmark, stored.as_of_date, stored.vintage desc
),
difference as materialized (
    select given.*, latest.benchmark is not null as supersedes
    from given
    left join latest on latest.benchmark = given.benchmark and latest.as_of_date = given.as_of_date
    where latest.benchmark is null
       or (given.sectors, given.weights) is distinct from (latest.sectors, latest.weights)
),
stored as (
    insert into sector_weights (benchmark, as_of_date, vintage, sectors, weights)
    select benchmark, as_of_date, $1, sectors, weights
    from difference
)
select count(*) filter (where not supersedes) as added, count(*) filter (where supersedes) as changed
from difference
