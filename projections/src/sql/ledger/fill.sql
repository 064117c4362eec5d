-- Executions, and the waiting orders that they end. $1 runs, $2 records, $3 bars, $4 bar starts, $5 dates, $6 orders,
-- $7 sides, $8 symbols, $9 quantities, $10 prices, $11 reference prices, $12 price rules, $13 fees, $14 cash, $15 positions,
-- $16 realised profits, $17 log positions
with filled as (
    insert into ledger_fills
        (run_id, record, bar, bar_start_s, trading_date, order_id, side, symbol, quantity, price, reference_price, price_rule,
         fee, cash, position, realised_pnl, seq)
    select *
    from unnest($1::uuid[], $2::bigint[], $3::int[], $4::bigint[], $5::date[], $6::bigint[], $7::text[], $8::text[],
                $9::numeric[], $10::numeric[], $11::numeric[], $12::text[], $13::numeric[], $14::numeric[], $15::numeric[],
                $16::numeric[], $17::bigint[])
    returning run_id, order_id, bar, record
)
update ledger_orders o
set state = 'filled', ended_bar = filled.bar, record = filled.record
from filled
where o.run_id = filled.run_id
  and o.order_id = filled.order_id
  and o.state = 'waiting'
