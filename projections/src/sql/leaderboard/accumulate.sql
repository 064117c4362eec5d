-- What the next chunk of a run goes on from. $1 run, $2 state
update leaderboard_runs
set accumulator = $2
where run_id = $1
