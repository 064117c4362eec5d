-- Operators' acts begin and end: an act of the journal has an outcome once it is over.

alter table admin_acts add column operation_id uuid unique;
alter table admin_acts add column outcome jsonb;
comment on column admin_acts.operation_id is 'of an act that takes its time; null of one that is done with its event';
comment on column admin_acts.outcome is 'what came of it; null while it is under way, and of one that is done with its event';

-- A command that could not be carried out is sent again or given up.
alter table dead_letters add column discarded_at timestamptz;
alter table dead_letters add column resolved_by text;
alter table dead_letters add column resolved_reason text;
comment on column dead_letters.discarded_at is 'when it was given up; as one that was sent again, it then waits no more';
