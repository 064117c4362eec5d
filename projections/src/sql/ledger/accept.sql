-- An order waits. $1 run, $2 order, $3 bar, $4 bar start, $5 what was placed
insert into ledger_orders (run_id, order_id, accepted_bar, bar_start_s, placed, state)
values ($1, $2, $3, $4, $5, 'waiting')
