-- $1 message id
update dead_letters
set replayed_at = clock_timestamp()
where message_id = $1
