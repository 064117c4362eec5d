-- What the next chunk of a run goes on from. $1 run
select accumulator
from leaderboard_runs
where run_id = $1
