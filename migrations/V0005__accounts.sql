-- Accounts: read models of who may do what, and the secrets and counters of identity, which are no events.

create table accounts (
    account_id       uuid        primary key,
    principal        text        not null unique collate "C",
    email            text        not null,
    email_normalised text        not null unique collate "C",
    skeleton         text        not null collate "C",
    full_name        text        not null,
    role             text        not null check (role in ('user', 'auditor', 'operator', 'admin')),
    active           boolean     not null default true,
    entry            text        not null,
    credential_id    uuid,
    version          bigint      not null,
    created_seq      bigint      not null unique,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    signed_in_at     timestamptz
);
comment on table accounts is 'projections::accounts: every account as it is now';
comment on column accounts.principal is 'under which name its commands are recorded and what it owns is kept';
comment on column accounts.skeleton is 'what the address looks like (Unicode TS 39)';
comment on column accounts.credential_id is 'the password hash in force';
create index accounts_by_skeleton on accounts (skeleton);
create index accounts_by_role on accounts (role, created_seq desc) where active;

create table sessions (
    session_id       uuid        primary key,
    account_id       uuid        not null,
    impersonator     text        collate "C",
    admin_session_id uuid,
    access           text        check (access in ('read_only', 'read_write')),
    reason           text,
    ip               text,
    user_agent       text,
    opened_seq       bigint      not null,
    opened_at        timestamptz not null,
    refreshed_at     timestamptz not null,
    expires_at       timestamptz not null,
    ended_at         timestamptz,
    end_reason       text,
    check ((impersonator is null) = (access is null)),
    check ((impersonator is null) = (admin_session_id is null))
);
comment on table sessions is
    'projections::accounts: every sign-in and impersonation, until three months after its end';
comment on column sessions.impersonator is 'the principal of the administrator who acts as the account';
comment on column sessions.admin_session_id is 'the session of that administrator: it ends with that';
create index sessions_by_account on sessions (account_id, opened_seq desc);

create table api_keys (
    key_id      uuid        primary key,
    account_id  uuid        not null,
    name        text        not null,
    key_hash    bytea       not null unique check (octet_length(key_hash) = 32),
    prefix      text        not null,
    scopes      text[]      not null,
    created_seq bigint      not null unique,
    created_at  timestamptz not null,
    expires_at  timestamptz,
    revoked_at  timestamptz
);
comment on table api_keys is 'projections::accounts: every API key, revoked ones included';
comment on column api_keys.key_hash is 'SHA-256 of the key, which is random and long';
create index api_keys_by_account on api_keys (account_id, created_seq desc);

create table invitations (
    email_normalised text        primary key collate "C",
    email            text        not null,
    role             text        not null check (role in ('user', 'auditor', 'operator', 'admin')),
    invited_by       text        not null collate "C",
    reason           text        not null,
    changed_seq      bigint      not null unique,
    changed_at       timestamptz not null
);
comment on table invitations is 'projections::invitations: addresses that may sign up, and the roles that they get';

create table admin_acts (
    seq        bigint      not null,
    place      int         not null,
    act        text        not null,
    by         text        not null collate "C",
    account_id uuid,
    email      text,
    reason     text        not null,
    ip         text,
    user_agent text,
    details    jsonb       not null,
    at         timestamptz not null,
    primary key (seq, place)
);
comment on table admin_acts is 'projections::admin_acts: what administrators did, to whom, why and from where';
comment on column admin_acts.place is 'among the events that are stored together at one position';
create index admin_acts_by_account on admin_acts (account_id, seq desc, place desc) where account_id is not null;
create index admin_acts_by_principal on admin_acts (by, seq desc, place desc);

create table credentials (
    credential_id uuid        primary key,
    account_id    uuid        not null,
    phc           text        not null,
    created_at    timestamptz not null
);
comment on table credentials is
    'tapedeck::identity: password hashes (Argon2id, PHC format); not a read model, for they are in no event. A row is '
    'written before the event that puts it in force, and deleted after the event that replaces it.';
create index credentials_by_account on credentials (account_id);

create table login_throttles (
    subject         text        primary key collate "C",
    failures        int         not null check (failures >= 0),
    last_attempt_at timestamptz not null,
    blocked_until   timestamptz not null
);
comment on table login_throttles is
    'tapedeck::identity: failed sign-ins by account and by network address, forgotten after a time; not a read model';
create index login_throttles_by_age on login_throttles (last_attempt_at);

create table claim_tokens (
    token_hash bytea       primary key check (octet_length(token_hash) = 32),
    created_at timestamptz not null
);
comment on table claim_tokens is
    'tapedeck::identity: one-time links by which an installation without administrators is claimed; not a read model';

create table stream_tickets (
    ticket_hash bytea       primary key check (octet_length(ticket_hash) = 32),
    session_id  uuid,
    key_id      uuid,
    expires_at  timestamptz not null,
    check ((session_id is null) <> (key_id is null))
);
comment on table stream_tickets is
    'tapedeck::identity: single-use tickets for event streams; used up by deletion; not a read model';
create index stream_tickets_by_age on stream_tickets (expires_at);

create table api_key_uses (
    key_id       uuid        primary key,
    last_used_at timestamptz not null
);
comment on table api_key_uses is
    'tapedeck::identity: when each API key was last used, to the minute; not a read model';
