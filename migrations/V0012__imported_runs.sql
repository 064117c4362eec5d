-- Runs whose account was kept elsewhere: the lines of their ledgers that executed nothing, and where they go on from
-- another state than the line before left.

create table ledger_lines (
    run_id uuid   not null,
    record bigint not null,
    line   jsonb  not null,
    primary key (run_id, record)
);
comment on table ledger_lines is 'projections::ledger: lines of imported ledgers without an execution, one ledger record each';

create table ledger_adjustments (
    run_id     uuid   not null,
    record     bigint not null,
    adjustment jsonb  not null,
    positions  jsonb  not null,
    primary key (run_id, record)
);
comment on table ledger_adjustments is 'projections::ledger: changes of imported accounts that nobody decided';
comment on column ledger_adjustments.record is 'the ledger record before which the account changed';
comment on column ledger_adjustments.positions is 'shares afterwards by symbol; zero where a symbol is flat';

-- Of the owner of their run: the policy of runs decides.
alter table ledger_lines enable row level security;
create policy lines_of_visible_runs on ledger_lines for select to tapedeck_viewer
    using (exists (select from runs r where r.run_id = ledger_lines.run_id));
alter table ledger_adjustments enable row level security;
create policy adjustments_of_visible_runs on ledger_adjustments for select to tapedeck_viewer
    using (exists (select from runs r where r.run_id = ledger_adjustments.run_id));

grant select on ledger_lines, ledger_adjustments to tapedeck_viewer;

alter table leaderboard_runs add column policy text not null default '';
comment on column leaderboard_runs.policy is 'what decided; imported where the account was kept elsewhere';
