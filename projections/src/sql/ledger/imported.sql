-- What an imported run's ledger has beside executions. $1 run, $2 first record, $3 before record
select record, 0 as place, adjustment as event
from ledger_adjustments
where run_id = $1
  and record >= $2
  and record < $3
union all
select record, 1, line
from ledger_lines
where run_id = $1
  and record >= $2
  and record < $3
order by record, place
