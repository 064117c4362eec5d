-- A ticket. $1 hash, $2 session or null, $3 API key or null, $4 end
insert into stream_tickets (ticket_hash, session_id, key_id, expires_at)
values ($1, $2, $3, $4)
