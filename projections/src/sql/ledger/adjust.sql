-- An imported account changed without a decision. $1 run, $2 record before which it did, $3 event, $4 shares by symbol
insert into ledger_adjustments (run_id, record, adjustment, positions)
values ($1, $2, $3, $4)
