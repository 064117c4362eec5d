-- How much there is of everything. $1 since when a run makes its model active
select (select count(*) from accounts) as accounts,
       (select count(*) from accounts where active) as active_accounts,
       (select count(*) from accounts where active and role = 'admin') as admins,
       (select count(*) from models where not deleted) as models,
       (select count(distinct model_id) from runs where not deleted and requested_at >= $1) as active_models,
       (select count(*) from runs where not deleted) as runs,
       (select count(*) from runs where not deleted and status in ('pending', 'running')) as unfinished_runs
