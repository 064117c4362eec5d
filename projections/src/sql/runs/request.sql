-- A new run, hidden if its model is. $1 run, $2 owner, $3 model, $4 model name, $5 run number, $6 policy, $7 symbols,
-- $8 interval, $9 first bar, $10 last bar, $11 initial cash, $12 snapshot, $13 bars, $14 position, $15 time, $16 version
insert into runs
    (run_id, owner, model_id, model_name, run_number, status, policy, symbols, interval, first_bar_at, last_bar_at,
     initial_cash, snapshot, bars_total, cash, value, requested_seq, requested_at, version, deleted)
select $1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10, $11, $12, $13, $11, $11, $14, $15, $16,
       exists (select from runs_of_deleted_models d where d.model_id = $3)
