-- The rows are this generation's alone. {checkpoints} the real table, $1 name, $2 generation
delete from {checkpoints}
where name = $1
  and generation <> $2
