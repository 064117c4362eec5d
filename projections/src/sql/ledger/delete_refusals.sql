-- Of a deleted run. $1 run
delete from ledger_refusals
where run_id = $1
