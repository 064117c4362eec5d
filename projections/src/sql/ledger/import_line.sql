-- A line of an imported ledger without an execution. $1 run, $2 record, $3 event
insert into ledger_lines (run_id, record, line)
values ($1, $2, $3)
