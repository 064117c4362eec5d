-- A run of this model that is requested later is hidden as well. $1 model
insert into runs_of_deleted_models (model_id)
values ($1)
on conflict do nothing
