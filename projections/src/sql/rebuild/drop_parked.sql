-- What waits is parked anew; what was decided stays on record. {parked} the real table, $1 name, $2 generation
delete from {parked}
where name = $1
  and (state = 'parked' or generation <> $2)
