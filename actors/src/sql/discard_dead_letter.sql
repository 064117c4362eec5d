-- Nobody will send it again. $1 message id, $2 by whom, $3 why
update dead_letters
set discarded_at = clock_timestamp(), resolved_by = $2, resolved_reason = $3
where message_id = $1
