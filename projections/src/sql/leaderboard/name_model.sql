-- The present name of a model. $1 model, $2 name
insert into leaderboard_models (model_id, name, deleted)
values ($1, $2, false)
on conflict (model_id) do update
set name = excluded.name
