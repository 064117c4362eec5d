-- Executions of a run. $1 run, $2 first record, $3 before record, $4 limit
select record, bar, bar_start_s, trading_date, order_id, side, symbol, quantity, price, reference_price, price_rule, fee,
       cash, position, realised_pnl, seq
from ledger_fills
where run_id = $1
  and record >= $2
  and record < $3
order by record
limit $4
