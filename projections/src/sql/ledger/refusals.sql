-- Refused orders of a run. $1 run, $2 after position, $3 limit
select bar, bar_start_s, order_id, symbol, placed, cause, refusal, seq
from ledger_refusals
where run_id = $1
  and seq > $2
order by seq
limit $3
