-- A run competes. $1 run, $2 time, $3 executions, $4 final value, $5 figures
update leaderboard_runs
set accumulator = null, completed_at = $2, trades = $3, final_value = $4, figures = $5
where run_id = $1
