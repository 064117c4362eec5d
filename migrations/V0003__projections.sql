-- The read models of trading: each table belongs to one projection, which alone writes it.

alter table parked add column resolved_reason text;
comment on column parked.resolved_reason is 'why an event was discarded';

create table stream_summaries (
    tenant            int         not null,
    category          text        not null collate "C",
    key               text        not null collate "C",
    version           bigint      not null,
    first_seq         bigint      not null,
    last_seq          bigint      not null,
    last_event_type   text        not null,
    first_recorded_at timestamptz not null,
    last_recorded_at  timestamptz not null,
    primary key (tenant, category, key)
);
comment on table stream_summaries is 'projections::streams: one row a stream';

create table models (
    model_id    uuid        primary key,
    owner       text        not null collate "C",
    signature   text        not null collate "C",
    name        text        not null,
    settings    jsonb       not null,
    run_number  int         not null default 0,
    version     bigint      not null,
    created_seq bigint      not null unique,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    deleted     boolean     not null default false
);
comment on table models is 'projections::models: every trading model as it is now; deleted ones keep their signature taken';
comment on column models.run_number is 'the highest number given to a run';
create index models_by_owner on models (owner, created_seq desc) where not deleted;
create index models_by_signature on models (owner, signature);

create table runs (
    run_id        uuid           primary key,
    owner         text           not null collate "C",
    model_id      uuid           not null,
    model_name    text           not null,
    run_number    int            not null,
    status        text           not null check (status in ('pending', 'running', 'completed', 'failed', 'cancelled')),
    policy        text           not null,
    symbols       text[]         not null,
    interval      text           not null,
    first_bar_at  timestamptz    not null,
    last_bar_at   timestamptz    not null,
    initial_cash  numeric(38, 6) not null,
    snapshot      jsonb          not null,
    bars_total    int            not null,
    bars_done     int            not null default 0,
    records       bigint         not null default 0,
    cash          numeric(38, 6) not null,
    value         numeric(38, 6) not null,
    figures       jsonb,
    reason        text,
    requested_seq bigint         not null unique,
    requested_at  timestamptz    not null,
    started_at    timestamptz,
    ended_seq     bigint,
    ended_at      timestamptz,
    version       bigint         not null,
    deleted       boolean        not null default false
);
comment on table runs is 'projections::runs: every run with its progress and its outcome';
comment on column runs.version is 'version of the last event of the run that this row shows';
create index runs_by_model on runs (model_id, requested_seq desc) where not deleted;
create index runs_by_owner on runs (owner, requested_seq desc) where not deleted;
create index runs_unfinished on runs (requested_seq) where status in ('pending', 'running') and not deleted;

create table runs_of_deleted_models (
    model_id uuid primary key
);
comment on table runs_of_deleted_models is 'projections::runs: models whose runs are hidden, also those requested later';

create table equity_chunks (
    run_id       uuid             not null,
    first_bar    int              not null,
    bars         int              not null check (bars > 0),
    bar_starts_s bigint[]         not null,
    cash         numeric(38, 6)[] not null,
    value        numeric(38, 6)[] not null,
    provisional  boolean          not null,
    primary key (run_id, first_bar)
);
comment on table equity_chunks is 'projections::equity: the equity series of each run, one row a chunk of bars';
comment on column equity_chunks.provisional is 'the last value marks a position at an open';

create table ledger_chunks (
    run_id       uuid             not null,
    first_record bigint           not null,
    records      bigint           not null check (records > 0),
    first_bar    int              not null,
    bar_starts_s bigint[]         not null,
    bar_records  int[]            not null,
    cash         numeric(38, 6)[] not null,
    positions    jsonb            not null,
    primary key (run_id, first_record)
);
comment on table ledger_chunks is 'projections::ledger: what the records of bars without execution follow from, one row a chunk of bars';
comment on column ledger_chunks.positions is 'shares by symbol after the chunk; zero where a symbol is flat again';

create table ledger_fills (
    run_id          uuid           not null,
    record          bigint         not null,
    bar             int            not null,
    bar_start_s     bigint         not null,
    trading_date    date           not null,
    order_id        bigint         not null,
    side            text           not null check (side in ('buy', 'sell')),
    symbol          text           not null,
    quantity        numeric(20, 6) not null,
    price           numeric(20, 8) not null,
    reference_price numeric(20, 8) not null,
    price_rule      text           not null,
    fee             numeric(38, 6) not null,
    cash            numeric(38, 6) not null,
    position        numeric(20, 6) not null,
    realised_pnl    numeric(38, 6) not null,
    seq             bigint         not null,
    primary key (run_id, record)
);
comment on table ledger_fills is 'projections::ledger: every execution, one ledger record each';

create table ledger_refusals (
    run_id      uuid   not null,
    order_id    bigint not null,
    bar         int    not null,
    bar_start_s bigint not null,
    symbol      text   not null,
    cause       text   not null,
    placed      jsonb  not null,
    refusal     jsonb  not null,
    seq         bigint not null,
    primary key (run_id, order_id, bar)
);
comment on table ledger_refusals is 'projections::ledger: every order that broke a rule, with the rule';
create unique index ledger_refusals_in_order on ledger_refusals (run_id, seq);

create table ledger_orders (
    run_id       uuid   not null,
    order_id     bigint not null,
    accepted_bar int    not null,
    bar_start_s  bigint not null,
    placed       jsonb  not null,
    state        text   not null check (state in ('waiting', 'filled', 'refused', 'expired', 'cancelled')),
    ended_bar    int,
    record       bigint,
    primary key (run_id, order_id)
);
comment on table ledger_orders is 'projections::ledger: every order that had to wait, and what became of it';

create table leaderboard_runs (
    run_id       uuid           primary key,
    owner        text           not null collate "C",
    model_id     uuid           not null,
    model_name   text           not null,
    run_number   int            not null,
    interval     text           not null,
    accumulator  text,
    completed_at timestamptz,
    trades       bigint,
    final_value  numeric(38, 6),
    figures      jsonb
);
comment on table leaderboard_runs is 'projections::leaderboard: statistics of every run, folded chunk by chunk';
comment on column leaderboard_runs.accumulator is 'what the next chunk goes on from; null once the run is over';
create index leaderboard_by_model on leaderboard_runs (model_id) where completed_at is not null;

create table leaderboard_models (
    model_id uuid    primary key,
    name     text    not null,
    deleted  boolean not null
);
comment on table leaderboard_models is 'projections::leaderboard: present names of models; runs of deleted ones are hidden';
