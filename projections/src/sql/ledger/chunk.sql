-- The chunk that holds a record, or the last one before it, with the shares held before it. $1 run, $2 record
select c.first_record, c.records, c.first_bar, c.bar_starts_s, c.bar_records, c.cash, before.positions
from ledger_chunks c
left join lateral (
    select positions
    from ledger_chunks b
    where b.run_id = $1
      and b.first_record < c.first_record
    order by b.first_record desc
    limit 1
) before on true
where c.run_id = $1
  and c.first_record <= $2
order by c.first_record desc
limit 1
