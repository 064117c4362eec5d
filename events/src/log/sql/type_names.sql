-- Every event type. No parameters.
select type_id, name from event_types
