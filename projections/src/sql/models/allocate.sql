-- A run got a number. $1 model, $2 version, $3 number
update models
set version = $2, run_number = greatest(run_number, $3)
where model_id = $1
