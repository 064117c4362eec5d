-- Completed runs by rank: unavailable figures last, equal ones share a rank. $1 metric, $2 sign (-1 where less is better),
-- $3 whether only the best run of each model counts, $4 owner or null, $5 model or null, $6 offset, $7 limit
with scored as (
    select r.*, coalesce(m.name, r.model_name) as present_name,
           $2::float8 * case $1::text
               when 'trades' then r.trades::float8
               when 'final_value' then r.final_value::float8
               else (r.figures -> $1 ->> 'Ok')::float8
           end as score
    from leaderboard_runs r
    left join leaderboard_models m using (model_id)
    where r.completed_at is not null
      and not coalesce(m.deleted, false)
      and ($4::text is null or r.owner = $4)
      and ($5::uuid is null or r.model_id = $5)
), placed as (
    select *, row_number() over (partition by model_id order by score desc nulls last, completed_at, run_id) as place
    from scored
)
select run_id, run_number, model_id, present_name as model_name, owner, interval, policy, completed_at, figures, trades, final_value,
       case when score is not null then rank() over (order by score desc nulls last) end as rank
from placed
where not $3::boolean or place = 1
order by score desc nulls last, completed_at, run_id
offset $6
limit $7
