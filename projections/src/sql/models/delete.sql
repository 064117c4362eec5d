-- A model is gone. $1 model, $2 version
update models
set version = $2, deleted = true
where model_id = $1
