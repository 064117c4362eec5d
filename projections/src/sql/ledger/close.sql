-- A closed chunk of bars, with the shares held after it: those after the chunk before, and what its executions and adjustments left.
-- $1 run, $2 first record, $3 records, $4 first bar, $5 bar starts, $6 records of each bar, $7 cash of each bar
insert into ledger_chunks (run_id, first_record, records, first_bar, bar_starts_s, bar_records, cash, positions)
select $1, $2, $3, $4, $5, $6, $7, coalesce(before.positions, '{}') || coalesce(during.positions, '{}')
from (select 1) one
left join lateral (
    select positions
    from ledger_chunks
    where run_id = $1
    order by first_record desc
    limit 1
) before on true
left join lateral (
    select jsonb_object_agg(last.symbol, last.position::text) as positions
    from (
        select distinct on (symbol) symbol, position
        from (
            select symbol, position, record, 1 as place
            from ledger_fills
            where run_id = $1
              and record >= $2
              and record < $2 + $3
            union all
            select held.key, held.value::numeric(20, 6), a.record, 0
            from ledger_adjustments a, jsonb_each_text(a.positions) held
            where a.run_id = $1
              and a.record >= $2
              and a.record < $2 + $3
        ) moved
        order by symbol, record desc, place desc
    ) last
) during on true
