-- The runs of a deleted model are seen by nobody. $1 model
insert into leaderboard_models (model_id, name, deleted)
values ($1, '', true)
on conflict (model_id) do update
set deleted = true
