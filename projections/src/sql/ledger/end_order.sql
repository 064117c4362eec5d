-- An order waits no more. $1 run, $2 order, $3 state, $4 bar or null
update ledger_orders
set state = $3, ended_bar = $4
where run_id = $1
  and order_id = $2
  and state = 'waiting'
