-- A portfolio that changed. $1 portfolio, $2 settings or null where they did not, $3 closing time, $4 version, $5 position
update portfolios
set settings = coalesce($2::jsonb, settings),
    closed_at = case when $2::jsonb is null then closed_at else $3 end,
    version = $4,
    last_seq = $5
where portfolio_id = $1
