-- A model's run with its snapshot. $1 model, $2 run number
select run_id, owner, model_id, model_name, run_number, status, policy, symbols, interval, first_bar_at, last_bar_at,
       initial_cash, bars_total, bars_done, records, cash, value, figures, reason, requested_seq, requested_at, started_at,
       ended_seq, ended_at, version, snapshot
from runs
where model_id = $1
  and run_number = $2
  and not deleted
