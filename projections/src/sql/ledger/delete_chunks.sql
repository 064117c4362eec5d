-- Of a deleted run. $1 run
delete from ledger_chunks
where run_id = $1
