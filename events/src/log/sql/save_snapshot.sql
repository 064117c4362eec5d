-- Keeps a folded state, replacing an older one of the same fold.
-- $1 tenant, $2 category, $3 key, $4 fold, $5 version, $6 position, $7 chain hash, $8 codec, $9 state, $10 state hash
insert into snapshots (stream_no, fold_id, version, global_seq, chain_hash, codec, state, state_hash)
select stream_no, $4, $5, $6, $7, $8, $9, $10
from streams
where tenant = $1 and category = $2 and stream_id = $3
on conflict (stream_no, fold_id) do update
    set version = excluded.version,
        global_seq = excluded.global_seq,
        chain_hash = excluded.chain_hash,
        codec = excluded.codec,
        state = excluded.state,
        state_hash = excluded.state_hash,
        created_at = clock_timestamp()
    where snapshots.version < excluded.version
