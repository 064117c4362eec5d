-- A closed chunk of bars. $1 run, $2 first bar, $3 bars, $4 starts, $5 cash, $6 values, $7 whether the last is provisional
insert into equity_chunks (run_id, first_bar, bars, bar_starts_s, cash, value, provisional)
values ($1, $2, $3, $4, $5, $6, $7)
