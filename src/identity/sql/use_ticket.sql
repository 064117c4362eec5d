-- Uses a ticket up. $1 hash
delete from stream_tickets
where ticket_hash = $1
returning session_id, key_id, expires_at
