-- Row-level security: what people read, they read as tapedeck_viewer, who sees the rows of one principal. Projectors,
-- workers and migrations own the tables and see everything.

do $$
begin
    create role tapedeck_viewer nologin nobypassrls;
exception
    when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
    execute format('grant tapedeck_viewer to %I', current_user);
exception
    when others then raise notice 'role tapedeck_viewer is not granted to %: %', current_user, sqlerrm;
end
$$;

grant usage on schema public to tapedeck_viewer;

-- Who looks, as set for the transaction; nobody unless it is set.
create function viewer_principal() returns text language sql stable parallel safe
    return nullif(current_setting('tapedeck.principal', true), '');
create function viewer_has_oversight() returns boolean language sql stable parallel safe
    return coalesce(current_setting('tapedeck.role', true), '') in ('auditor', 'operator', 'admin');
create function viewer_is_admin() returns boolean language sql stable parallel safe
    return coalesce(current_setting('tapedeck.role', true), '') = 'admin';

alter table stream_summaries add column owner text not null default '' collate "C";
comment on column stream_summaries.owner is 'who sent the command that began the stream';
create index stream_summaries_by_owner on stream_summaries (owner, category, key);

-- Of their owner alone.
alter table models enable row level security;
create policy models_of_the_viewer on models for select to tapedeck_viewer
    using (owner = (select viewer_principal()));
alter table runs enable row level security;
create policy runs_of_the_viewer on runs for select to tapedeck_viewer
    using (owner = (select viewer_principal()));

-- Of the owner of their run: the policy of runs decides.
alter table equity_chunks enable row level security;
create policy equity_of_visible_runs on equity_chunks for select to tapedeck_viewer
    using (exists (select from runs r where r.run_id = equity_chunks.run_id));
alter table ledger_chunks enable row level security;
create policy ledger_chunks_of_visible_runs on ledger_chunks for select to tapedeck_viewer
    using (exists (select from runs r where r.run_id = ledger_chunks.run_id));
alter table ledger_fills enable row level security;
create policy fills_of_visible_runs on ledger_fills for select to tapedeck_viewer
    using (exists (select from runs r where r.run_id = ledger_fills.run_id));
alter table ledger_refusals enable row level security;
create policy refusals_of_visible_runs on ledger_refusals for select to tapedeck_viewer
    using (exists (select from runs r where r.run_id = ledger_refusals.run_id));
alter table ledger_orders enable row level security;
create policy orders_of_visible_runs on ledger_orders for select to tapedeck_viewer
    using (exists (select from runs r where r.run_id = ledger_orders.run_id));

-- The ranking is for everybody who is signed in.
alter table leaderboard_runs enable row level security;
create policy ranking_for_the_signed_in on leaderboard_runs for select to tapedeck_viewer
    using ((select viewer_principal()) is not null);
alter table leaderboard_models enable row level security;
create policy ranked_models_for_the_signed_in on leaderboard_models for select to tapedeck_viewer
    using ((select viewer_principal()) is not null);

-- Of their owner, and of those who oversee the log.
alter table stream_summaries enable row level security;
create policy streams_of_the_viewer on stream_summaries for select to tapedeck_viewer
    using (owner = (select viewer_principal()) or (select viewer_has_oversight()));

-- Prices are everybody's.
grant select on bar_series, imports, import_series, bar_chunks to tapedeck_viewer;
-- Of the account's owner, and of admins. Sessions and keys follow their account.
alter table accounts enable row level security;
create policy accounts_of_the_viewer on accounts for select to tapedeck_viewer
    using (principal = (select viewer_principal()) or (select viewer_is_admin()));
alter table sessions enable row level security;
create policy sessions_of_visible_accounts on sessions for select to tapedeck_viewer
    using (exists (select from accounts a where a.account_id = sessions.account_id));
alter table api_keys enable row level security;
create policy api_keys_of_visible_accounts on api_keys for select to tapedeck_viewer
    using (exists (select from accounts a where a.account_id = api_keys.account_id));
alter table api_key_uses enable row level security;
create policy uses_of_visible_api_keys on api_key_uses for select to tapedeck_viewer
    using (exists (select from api_keys k where k.key_id = api_key_uses.key_id));

-- Of admins.
alter table invitations enable row level security;
create policy invitations_for_admins on invitations for select to tapedeck_viewer using ((select viewer_is_admin()));
alter table admin_acts enable row level security;
create policy acts_for_admins on admin_acts for select to tapedeck_viewer using ((select viewer_is_admin()));
grant select on accounts, sessions, api_keys, api_key_uses, invitations, admin_acts to tapedeck_viewer;

grant select on models, runs, equity_chunks, ledger_chunks, ledger_fills, ledger_refusals, ledger_orders, leaderboard_runs,
    leaderboard_models, stream_summaries to tapedeck_viewer;
