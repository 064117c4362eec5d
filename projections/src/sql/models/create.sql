-- A new model. $1 model, $2 owner, $3 signature, $4 name, $5 settings, $6 version, $7 position, $8 time
insert into models (model_id, owner, signature, name, settings, version, created_seq, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
