-- $1 run
delete from ledger_adjustments
where run_id = $1
