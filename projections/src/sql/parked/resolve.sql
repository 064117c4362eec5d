-- Ends the waiting of an event. $1 name, $2 generation, $3 position, $4 state, $5 by whom, $6 reason or null
update parked
set state = $4, resolved_by = $5, resolved_at = clock_timestamp(), resolved_reason = $6
where name = $1
  and generation = $2
  and seq = $3
  and state = 'parked'
