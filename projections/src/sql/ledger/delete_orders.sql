-- Of a deleted run. $1 run
delete from ledger_orders
where run_id = $1
