-- Another attempt failed. $1 name, $2 generation, $3 position, $4 error class, $5 error text
update parked
set attempts = attempts + 1, error_class = $4, error_text = $5
where name = $1
  and generation = $2
  and seq = $3
