-- The newest set on or before a date. $1 benchmark, $2 date, $3 newest vintage to count.
select benchmark, as_of_date, sectors, weights, vintage
from sector_weights
where benchmark = $1
  and as_of_date <= $2
  and vintage <= $3
order by as_of_date desc, vintage desc
limit 1
