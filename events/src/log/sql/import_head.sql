-- Takes the next positions of the log; the order is held until the transaction ends. $1 how many
update log_head
set last_seq = last_seq + $1,
    last_at = greatest(clock_timestamp(), last_at)
where id = 1
returning last_seq - $1 as base, last_seq, last_at
