-- A run competes no more. $1 run
delete from leaderboard_runs
where run_id = $1
