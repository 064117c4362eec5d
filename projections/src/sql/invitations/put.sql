-- An invitation, new or changed. $1 normalised address, $2 address, $3 role, $4 who, $5 reason, $6 position, $7 time
insert into invitations (email_normalised, email, role, invited_by, reason, changed_seq, changed_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (email_normalised) do update
set email = excluded.email,
    role = excluded.role,
    invited_by = excluded.invited_by,
    reason = excluded.reason,
    changed_seq = excluded.changed_seq,
    changed_at = excluded.changed_at
