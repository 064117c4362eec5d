-- The head of the log. No parameters.
select epoch, last_seq, last_at from log_head
