-- Of a deleted run. $1 run
delete from ledger_fills
where run_id = $1
