-- Runs that have bars to go, oldest first. No parameters.
select run_id
from runs
where status in ('pending', 'running')
  and not deleted
order by requested_seq
