-- It was sent again. $1 message id, $2 by whom
update dead_letters
set replayed_at = clock_timestamp(), resolved_by = $2, discarded_at = null, resolved_reason = null
where message_id = $1
