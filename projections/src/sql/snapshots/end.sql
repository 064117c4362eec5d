-- Calculations that are over. $1 calculations, $2 when, $3 why they failed or null
update calculations
set ended_at = $2, failure = $3
where calculation_id = any ($1)
