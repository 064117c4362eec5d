-- Portfolios: each fact of each portfolio in all the versions that were ever known of it, and what brought them about.

create table portfolios (
    portfolio_id uuid        primary key,
    owner        text        not null collate "C",
    settings     jsonb       not null,
    closed_at    timestamptz,
    version      bigint      not null,
    last_seq     bigint      not null,
    created_seq  bigint      not null unique
);
comment on table portfolios is 'projections::portfolios: every portfolio as it is now, closed ones too';
comment on column portfolios.last_seq is 'the last event of its stream: as of here the facts are those of version';
create index portfolios_by_owner on portfolios (owner, created_seq);

create table portfolio_facts (
    portfolio_id   uuid   not null,
    kind           text   not null collate "C"
        check (kind in ('settings', 'lot', 'equity_change', 'equity_adjustment', 'mark', 'target')),
    key            text   not null collate "C",
    known_from     bigint not null,
    known_until    bigint check (known_until > known_from),
    effective_date date,
    fact           jsonb  not null,
    primary key (portfolio_id, kind, key, known_from)
);
comment on table portfolio_facts is
    'projections::portfolios: facts of portfolios, a row for each version of each; what was known at a position are the '
    'rows with known_from <= position < known_until';
comment on column portfolio_facts.known_until is 'the event that changed it or took it back; null while it is so';
comment on column portfolio_facts.effective_date is 'since when it is true, whenever that became known';
create unique index portfolio_facts_now on portfolio_facts (portfolio_id, kind, key) where known_until is null;
create index portfolio_facts_of_lots on portfolio_facts (key) where kind = 'lot';
create index portfolio_facts_of_equity on portfolio_facts (key) where kind = 'equity_change';
create index portfolio_facts_of_targets on portfolio_facts (key) where kind = 'target';

create table portfolio_history (
    portfolio_id    uuid        not null,
    version         bigint      not null,
    place           int         not null,
    seq             bigint      not null,
    event_type      text        not null collate "C",
    kind            text        not null collate "C",
    key             text        not null collate "C",
    principal       text        not null collate "C",
    impersonated_by text        collate "C",
    request_id      text,
    command_id      uuid        not null,
    event           jsonb       not null,
    recorded_at     timestamptz not null,
    primary key (portfolio_id, version, place)
);
comment on table portfolio_history is
    'projections::portfolios: the events of portfolios, with the fact that each changed and who changed it';
comment on column portfolio_history.place is 'among the events that are stored together at one version';
create index portfolio_history_by_time on portfolio_history (portfolio_id, recorded_at, seq);
create index portfolio_history_by_fact on portfolio_history (portfolio_id, key, version desc, place desc);

create table tags (
    tag_id        uuid   primary key,
    owner         text   not null collate "C",
    name          text   not null,
    display_order int    not null,
    tag           jsonb  not null,
    version       bigint not null,
    changed_seq   bigint not null
);
comment on table tags is 'projections::tags: the tags of every owner, archived ones too';
comment on column tags.version is 'of the stream of its owner''s tags';
create index tags_by_owner on tags (owner, display_order, name);

-- Of their owner alone.
alter table portfolios enable row level security;
create policy portfolios_of_the_viewer on portfolios for select to tapedeck_viewer
    using (owner = (select viewer_principal()));
alter table tags enable row level security;
create policy tags_of_the_viewer on tags for select to tapedeck_viewer
    using (owner = (select viewer_principal()));

-- Of the owner of their portfolio. `in` and not `exists`: the viewer's portfolios are few, and are read once.
alter table portfolio_facts enable row level security;
create policy facts_of_visible_portfolios on portfolio_facts for select to tapedeck_viewer
    using (portfolio_id in (select p.portfolio_id from portfolios p));
alter table portfolio_history enable row level security;
create policy history_of_visible_portfolios on portfolio_history for select to tapedeck_viewer
    using (portfolio_id in (select p.portfolio_id from portfolios p));

grant select on portfolios, portfolio_facts, portfolio_history, tags to tapedeck_viewer;
