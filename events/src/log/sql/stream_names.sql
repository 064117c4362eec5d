-- Names of streams. $1 stream numbers
select stream_no, tenant, category, stream_id from streams where stream_no = any($1)
