-- Which vintages touched which daily series. $1 vintage after which, $2 newest vintage to count.
select series.symbol, part.vintage
from import_series part
join bar_series series using (series_id)
where series.interval = '1d'
  and part.vintage > $1
  and part.vintage <= $2
order by part.vintage, series.symbol
