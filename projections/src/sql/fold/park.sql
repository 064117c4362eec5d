-- Parks an event. $1 name, $2 generation, $3 position, $4 tenant, $5 category, $6 key, $7 attempts, $8 error class, $9 error text
insert into parked (name, generation, seq, stream_no, attempts, error_class, error_text, state)
select $1, $2, $3, s.stream_no, $7, $8, $9, 'parked'
from streams s
where s.tenant = $4
  and s.category = $5
  and s.stream_id = $6
