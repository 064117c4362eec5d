-- What came of an operation. $1 operation, $2 outcome
update admin_acts
set outcome = $2
where operation_id = $1
