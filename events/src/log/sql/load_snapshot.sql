-- A stream's end and its snapshot of one fold; no row for an unknown stream.
-- $1 tenant, $2 category, $3 key, $4 fold
select s.version as stream_version, s.chain_hash as stream_hash,
       n.version, n.global_seq, n.chain_hash, n.codec, n.state, n.state_hash
from streams s
left join snapshots n on n.stream_no = s.stream_no and n.fold_id = $4
where s.tenant = $1 and s.category = $2 and s.stream_id = $3
