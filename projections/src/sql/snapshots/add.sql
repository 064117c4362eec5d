-- New snapshots. $1 portfolio, $2 position, $3 when it was recorded, $4 version of the portfolio, $5 vintage, $6 version of
-- the method, $7 sessions, $8 snapshots, $9 lots
insert into portfolio_snapshots (portfolio_id, session, known_from, recorded_at, portfolio_version, vintage,
    method_version, snapshot, lots)
select $1, session, $2, $3, $4, $5, $6, snapshot::jsonb, lots::jsonb
from unnest($7::date[], $8::text[], $9::text[]) as added (session, snapshot, lots)
