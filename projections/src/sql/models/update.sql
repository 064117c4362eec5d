-- Changed settings. $1 model, $2 version, $3 name, $4 settings, $5 time
update models
set version = $2, name = $3, settings = $4, updated_at = $5
where model_id = $1
