-- A new portfolio. $1 portfolio, $2 owner, $3 settings, $4 closing time or null, $5 version, $6 last position,
-- $7 first position
insert into portfolios (portfolio_id, owner, settings, closed_at, version, last_seq, created_seq)
values ($1, $2, $3, $4, $5, $6, $7)
