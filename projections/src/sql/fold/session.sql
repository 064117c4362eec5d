-- Settings of a worker's connection. Commits need not wait for the disk: a lost commit takes its checkpoint with it
-- and is folded again. A dead owner is noticed within seconds, so that its lock passes on.
set synchronous_commit = off;
set jit = off;
set idle_in_transaction_session_timeout = '30s';
set tcp_keepalives_idle = 2;
set tcp_keepalives_interval = 1;
set tcp_keepalives_count = 2;
set application_name = 'tapedeck projections'
