-- Streams that come with their whole history; one that exists already is missing from the rows.
-- $1 tenants, $2 categories, $3 keys, $4 versions, $5 hashes of their last events
insert into streams (tenant, category, stream_id, version, chain_hash)
select h.tenant, h.category, h.key, h.version, h.hash
from unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::bytea[]) as h(tenant, category, key, version, hash)
order by h.tenant, h.category, h.key
on conflict (tenant, category, stream_id) do nothing
returning stream_no, tenant, category, stream_id
