-- Forgets a few expired tickets. $1 now, $2 how many
delete from stream_tickets
where ticket_hash in (
    select ticket_hash
    from stream_tickets
    where expires_at < $1
    order by expires_at
    limit $2
    for update skip locked
)
