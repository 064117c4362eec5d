-- Runs, newest first. $1 owner or null, $2 model or null, $3 status or null, $4 before position, $5 limit
select run_id, owner, model_id, model_name, run_number, status, policy, symbols, interval, first_bar_at, last_bar_at,
       initial_cash, bars_total, bars_done, records, cash, value, figures, reason, requested_seq, requested_at, started_at,
       ended_seq, ended_at, version
from runs
where not deleted
  and ($1::text is null or owner = $1)
  and ($2::uuid is null or model_id = $2)
  and ($3::text is null or status = $3)
  and requested_seq < $4
order by requested_seq desc
limit $5
