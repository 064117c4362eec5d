-- $1 newest vintage to count.
select vintage, catalogue
from scenario_catalogues
where vintage <= $1
order by vintage desc
limit 1
