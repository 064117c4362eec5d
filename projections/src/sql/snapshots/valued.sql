-- What every open portfolio was valued from, if it was.
select p.portfolio_id, p.version, v.portfolio_version, v.vintage, v.method_version, v.through,
    exists (select from calculations c where c.portfolio_id = p.portfolio_id and c.ended_at is null) as is_asked_for
from portfolios p
left join valuations v using (portfolio_id)
where p.closed_at is null
order by v.completed_seq nulls first, p.portfolio_id
