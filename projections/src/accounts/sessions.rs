//! Sessions: sign-ins of an account and administrators acting as it.

use events::account::{Access, ImpersonationStarted, SessionOpened, SessionRefreshed};
use events::{AccountId, Position, Principal, Recorded, SessionId};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::ProjectionError;
use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};
use crate::projection::expect_row;
use crate::reader::Reader;

/// How long a session is shown after its end.
const SHOWN_AFTER_END: SignedDuration = SignedDuration::from_hours(24 * 90);

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionRow {
    /// Which session.
    pub session_id: SessionId,
    /// Whose.
    pub account_id: AccountId,
    /// The administrator who acts as the account, where it is an impersonation.
    pub impersonator: Option<Principal>,
    /// What the impersonation allows.
    pub access: Option<Access>,
    /// Why the administrator does it.
    pub reason: Option<String>,
    /// Address from which it was opened.
    pub ip: Option<String>,
    /// What the client called itself then.
    pub user_agent: Option<String>,
    /// The event that opened it.
    pub opened_position: Position,
    /// When it was opened (UTC).
    pub opened_at: Timestamp,
    /// When it was last refreshed (UTC).
    pub refreshed_at: Timestamp,
    /// When it ends unless it is refreshed (UTC).
    pub expires_at: Timestamp,
    /// When it was ended (UTC), if it did not just expire.
    pub ended_at: Option<Timestamp>,
    /// Why it was ended.
    pub end_reason: Option<String>,
}

pub(super) async fn open(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    account: Uuid,
    opened: &SessionOpened,
) -> Result<(), ProjectionError> {
    // By the time of the event, not of the fold: a rebuild forgets the same ones.
    let forgotten = opened.at.saturating_sub(SHOWN_AFTER_END).unwrap_or(Timestamp::MIN);
    transaction
        .execute(include_str!("../sql/accounts/forget_sessions.sql"), &[&account, &forgotten])
        .await
        .map_err(ProjectionError::during("forgetting sessions"))?;
    let nothing: Option<&str> = None;
    let nobody: Option<Uuid> = None;
    transaction
        .execute(
            include_str!("../sql/accounts/open_session.sql"),
            &[
                &opened.session_id.uuid(),
                &account,
                &nothing,
                &nobody,
                &nothing,
                &nothing,
                &opened.from.ip.map(|ip| ip.to_string()),
                &opened.from.user_agent,
                &recorded.position.0,
                &opened.at,
                &opened.expires_at,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("opening a session"))
}

pub(super) async fn impersonate(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    account: Uuid,
    started: &ImpersonationStarted,
) -> Result<(), ProjectionError> {
    let act = &started.act;
    transaction
        .execute(
            include_str!("../sql/accounts/open_session.sql"),
            &[
                &started.session_id.uuid(),
                &account,
                &act.by.0,
                &started.admin_session_id.uuid(),
                &started.access.name(),
                &act.reason,
                &act.from.ip.map(|ip| ip.to_string()),
                &act.from.user_agent,
                &recorded.position.0,
                &started.at,
                &started.expires_at,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("opening an impersonation"))
}

pub(super) async fn refresh(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    refreshed: &SessionRefreshed,
) -> Result<(), ProjectionError> {
    let changed = transaction
        .execute(
            include_str!("../sql/accounts/refresh_session.sql"),
            &[&refreshed.session_id.uuid(), &refreshed.at, &refreshed.expires_at],
        )
        .await
        .map_err(ProjectionError::during("refreshing a session"))?;
    expect_row(changed, recorded)
}

/// Ends a session; one that was forgotten needs no end.
pub(super) async fn end(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    session: SessionId,
    why: &str,
) -> Result<(), ProjectionError> {
    transaction
        .execute(
            include_str!("../sql/accounts/end_session.sql"),
            &[&session.uuid(), &recorded.recorded_at, &why],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("ending a session"))
}

/// Sessions of an account, newest first; with `live_at` only those that are not over then.
pub async fn sessions(
    client: &impl Reader,
    account: AccountId,
    live_at: Option<Timestamp>,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<SessionRow>, QueryError> {
    const OPERATION: &str = "listing sessions";
    let after = after.map_or(i64::MAX, |cursor| cursor.0.0);
    let rows = client
        .query(
            include_str!("../sql/accounts/sessions.sql"),
            &[&account.uuid(), &live_at, &after, &rows_for(limit)],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| session_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.opened_position)))
}

fn session_of(row: &Row, operation: &'static str) -> Result<SessionRow, QueryError> {
    let columns = Columns::of(row, operation);
    let access: Option<&str> = columns.get("access")?;
    Ok(SessionRow {
        session_id: SessionId::from_uuid(columns.get("session_id")?),
        account_id: AccountId::from_uuid(columns.get("account_id")?),
        impersonator: columns.get::<Option<_>>("impersonator")?.map(Principal),
        access: access.and_then(Access::named),
        reason: columns.get("reason")?,
        ip: columns.get("ip")?,
        user_agent: columns.get("user_agent")?,
        opened_position: Position(columns.get("opened_seq")?),
        opened_at: columns.get("opened_at")?,
        refreshed_at: columns.get("refreshed_at")?,
        expires_at: columns.get("expires_at")?,
        ended_at: columns.get("ended_at")?,
        end_reason: columns.get("end_reason")?,
    })
}
