-- The chunks of several series that reach into a range, every vintage up to one, oldest first.
-- $1 series, $2 from or null, $3 to (exclusive) or null, $4 newest vintage to count.
select series_id, vintage, starts, open, high, low, close
from bar_chunks
where series_id = any ($1)
  and ($2::timestamptz is null or last_start >= $2)
  and ($3::timestamptz is null or first_start < $3)
  and vintage <= $4
order by series_id, last_start, vintage
