-- Orders of a run that had to wait. $1 run, $2 state or null, $3 after order, $4 limit
select order_id, accepted_bar, bar_start_s, placed, state, ended_bar, record
from ledger_orders
where run_id = $1
  and ($2::text is null or state = $2)
  and order_id > $3
order by order_id
limit $4
