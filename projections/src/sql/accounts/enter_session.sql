-- prove_session.sql, and until the transaction ends its account looks at the read models; nobody does where there is no
-- such session, but the role is taken all the same. One row. $1 session
with viewer as materialized (select set_config('role', 'tapedeck_viewer', true))
select s.account_id, a.principal, a.role, a.active, s.expires_at, s.ended_at is not null as ended, s.access,
       i.account_id as admin_account_id, s.impersonator,
       i.active and i.role = 'admin' as admin_allowed,
       o.ended_at is null as admin_session_open, o.expires_at as admin_session_expires_at,
       set_config('tapedeck.principal', a.principal, true), set_config('tapedeck.role', a.role, true)
from viewer
left join (sessions s join accounts a on a.account_id = s.account_id) on s.session_id = $1
left join accounts i on i.principal = s.impersonator
left join sessions o on o.session_id = s.admin_session_id
