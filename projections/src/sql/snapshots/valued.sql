-- What every open portfolio was valued from, if it was.
select p.portfolio_id, p.version, v.portfolio_version, v.vintage, v.method_version, v.through
from portfolios p
left join valuations v using (portfolio_id)
where p.closed_at is null
order by v.completed_seq nulls first, p.portfolio_id
