-- $1 symbols and $2 intervals, in pairs. Series already known keep their number.
insert into bar_series (symbol, interval)
select symbol, interval
from unnest($1::text[], $2::text[]) as named (symbol, interval)
on conflict (symbol, interval) do nothing
