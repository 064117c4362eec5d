-- The number of an event type. $1 name, $2 schema version
select type_id from event_types where name = $1 and schema_version = $2
