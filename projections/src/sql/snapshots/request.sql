-- A calculation that runs. $1 calculation, $2 portfolio, $3 who asked, $4 when
insert into calculations (calculation_id, portfolio_id, requested_by, requested_at)
values ($1, $2, $3, $4)
