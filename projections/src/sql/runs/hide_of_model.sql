-- The runs of a deleted model are seen by nobody. $1 model
update runs
set deleted = true
where model_id = $1
