-- Whether this session may rebuild the projection. $1 projection
select pg_try_advisory_lock(hashtextextended('tapedeck rebuild ' || $1, 0))
