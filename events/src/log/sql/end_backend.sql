-- Ends the backend of a lost connection; no row when it is gone. $1 process id
select pg_terminate_backend(pid)
from pg_stat_activity
where pid = $1 and application_name = 'tapedeck'
