-- Removes the series of a deleted run. $1 run
delete from equity_chunks
where run_id = $1
