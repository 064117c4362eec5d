-- Partitions that the next weeks will need. No parameters.
select ensure_events_partition(last_seq + 1) from log_head;
select ensure_events_partition(last_seq + 50000000) from log_head;
select ensure_commands_partition(clock_timestamp());
select ensure_commands_partition(clock_timestamp() + interval '1 month');
select ensure_commands_partition(clock_timestamp() + interval '2 months');
