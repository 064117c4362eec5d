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
