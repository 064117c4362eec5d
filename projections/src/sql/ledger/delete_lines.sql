-- $1 run
delete from ledger_lines
where run_id = $1
