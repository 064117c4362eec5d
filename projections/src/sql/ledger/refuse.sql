-- An order broke a rule. $1 run, $2 order, $3 bar, $4 bar start, $5 symbol, $6 cause, $7 what was placed, $8 the rule, $9 position
insert into ledger_refusals (run_id, order_id, bar, bar_start_s, symbol, cause, placed, refusal, seq)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
