-- A run that may compete once it is completed. $1 run, $2 owner, $3 model, $4 model name, $5 run number, $6 interval,
-- $7 policy
insert into leaderboard_runs (run_id, owner, model_id, model_name, run_number, interval, policy)
values ($1, $2, $3, $4, $5, $6, $7)
