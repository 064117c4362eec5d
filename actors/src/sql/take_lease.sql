-- $1 the lease; held until it is released or the session ends
select pg_try_advisory_lock($1::bigint)
