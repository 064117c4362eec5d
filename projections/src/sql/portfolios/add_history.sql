-- What happened. $1 portfolio, $2 versions, $3 places, $4 positions, $5 event types, $6 kinds and $7 keys of the facts,
-- $8 senders, $9 administrators who acted as them, $10 requests, $11 commands, $12 payloads, $13 times
insert into portfolio_history
    (portfolio_id, version, place, seq, event_type, kind, key, principal, impersonated_by, request_id, command_id, event,
     recorded_at)
select $1, version, place, seq, event_type, kind, key, principal, impersonated_by, request_id, command_id, event::jsonb,
       recorded_at
from unnest($2::bigint[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::uuid[], $12::text[], $13::timestamptz[])
    as told (version, place, seq, event_type, kind, key, principal, impersonated_by, request_id, command_id, event,
             recorded_at)
