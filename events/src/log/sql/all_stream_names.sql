-- Names of streams. $1 how many at most
select stream_no, tenant, category, stream_id from streams order by stream_no limit $1
