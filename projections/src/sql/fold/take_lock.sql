-- Whether this session owns the shard from now on. $1 projection, generation and shard as text
select pg_try_advisory_lock(hashtextextended('tapedeck projection ' || $1, 0))
