-- $1 newest vintage to count.
select vintage, jsonb_build_object('version', version, 'factors', factors) as registry
from factor_registries
where vintage <= $1
order by vintage desc
limit 1
