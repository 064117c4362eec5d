-- Registers an event type unless it is known. $1 name, $2 schema version
insert into event_types (name, schema_version)
values ($1, $2)
on conflict (name, schema_version) do nothing
