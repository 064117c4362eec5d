-- Snapshots: what each portfolio was worth at the close of each session, in all the versions that were ever computed.

create table portfolio_snapshots (
    portfolio_id      uuid        not null,
    session           date        not null,
    known_from        bigint      not null,
    known_until       bigint      check (known_until > known_from),
    recorded_at       timestamptz not null,
    replaced_at       timestamptz,
    portfolio_version bigint      not null,
    vintage           bigint      not null,
    method_version    int         not null,
    snapshot          jsonb       not null,
    lots              jsonb       not null,
    primary key (portfolio_id, session, known_from)
);
comment on table portfolio_snapshots is
    'projections::snapshots: portfolios at the close of each session, a row for each version of each; what was known at a '
    'position are the rows with known_from <= position < known_until';
comment on column portfolio_snapshots.known_until is 'the event that recorded another or none; null while it is so';
comment on column portfolio_snapshots.portfolio_version is 'with vintage and method_version: what it was computed from';
comment on column portfolio_snapshots.lots is 'what each lot earned; apart, because most readers do not ask';
create unique index portfolio_snapshots_now on portfolio_snapshots (portfolio_id, session) where known_until is null;

create table valuations (
    portfolio_id      uuid        primary key,
    portfolio_version bigint      not null,
    vintage           bigint      not null,
    method_version    int         not null,
    through           date        not null,
    completed_seq     bigint      not null,
    completed_at      timestamptz not null
);
comment on table valuations is 'projections::snapshots: the newest inputs that all snapshots of a portfolio follow from';
comment on column valuations.through is 'the last session that was looked at';

create table calculations (
    calculation_id uuid        primary key,
    portfolio_id   uuid        not null,
    requested_by   text        not null collate "C",
    requested_at   timestamptz not null,
    ended_at       timestamptz,
    failure        text
);
create index calculations_running on calculations (portfolio_id) where ended_at is null;
comment on table calculations is 'projections::snapshots: the calculations of portfolios that somebody asked for';
comment on column calculations.failure is 'why it failed; null of one that runs or is completed';

-- Of the owner of their portfolio.
alter table portfolio_snapshots enable row level security;
create policy snapshots_of_visible_portfolios on portfolio_snapshots for select to tapedeck_viewer
    using (portfolio_id in (select p.portfolio_id from portfolios p));
alter table valuations enable row level security;
create policy valuations_of_visible_portfolios on valuations for select to tapedeck_viewer
    using (portfolio_id in (select p.portfolio_id from portfolios p));
alter table calculations enable row level security;
create policy calculations_of_visible_portfolios on calculations for select to tapedeck_viewer
    using (portfolio_id in (select p.portfolio_id from portfolios p));

grant select on portfolio_snapshots, valuations, calculations to tapedeck_viewer;
