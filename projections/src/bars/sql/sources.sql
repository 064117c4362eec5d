-- Which imports brought the daily bars of several symbols, the newest of each name, newest first.
-- $1 symbols, $2 newest vintage to count.
select series.symbol, imports.name, max(part.vintage) as vintage, max(imports.imported_at) as imported_at
from import_series part
join bar_series series using (series_id)
join imports using (vintage)
where series.interval = '1d'
  and series.symbol = any ($1)
  and part.vintage <= $2
group by series.symbol, imports.name
order by series.symbol, max(part.vintage) desc
