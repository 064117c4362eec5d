//! Addresses that may sign up.

use events::account::{Act, Email, Role};
use events::invitations::{InvitationEvent, Invitations as InvitationList};
use events::log::Filter;
use events::{Decider, Position, Principal, Recorded};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::{Row, Transaction};

use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};
use crate::projection::expect_row;
use crate::reader::Reader;
use crate::{Projection, ProjectionError};

/// The read model of invitations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Invitations;

/// One invitation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InvitationRow {
    /// The address as it was typed.
    pub email: String,
    /// The role that its account gets.
    pub role: Role,
    /// Who invited it, or last changed its role.
    pub invited_by: Principal,
    /// Why.
    pub reason: String,
    /// The event that did it.
    pub changed_position: Position,
    /// When (UTC).
    pub changed_at: Timestamp,
}

impl Projection for Invitations {
    const NAME: &'static str = "invitations";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        Filter::category(InvitationList::CATEGORY)
    }

    fn tables() -> &'static [&'static str] {
        &["invitations"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for recorded in events {
            for event in recorded.decode::<InvitationEvent>()? {
                match event {
                    InvitationEvent::InvitationAdded(added) => {
                        put(transaction, recorded, &added.email, added.role, &added.act).await?;
                    }
                    InvitationEvent::InvitationChanged(changed) => {
                        put(transaction, recorded, &changed.email, changed.role, &changed.act).await?;
                    }
                    InvitationEvent::InvitationRemoved(removed) => {
                        remove(transaction, recorded, &removed.email).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

async fn put(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    email: &Email,
    role: Role,
    act: &Act,
) -> Result<(), ProjectionError> {
    transaction
        .execute(
            include_str!("sql/invitations/put.sql"),
            &[
                &email.normalised(),
                &email.typed(),
                &role.name(),
                &act.by.0,
                &act.reason,
                &recorded.position.0,
                &recorded.recorded_at,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing an invitation"))
}

async fn remove(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    email: &Email,
) -> Result<(), ProjectionError> {
    let changed = transaction
        .execute(include_str!("sql/invitations/remove.sql"), &[&email.normalised()])
        .await
        .map_err(ProjectionError::during("removing an invitation"))?;
    expect_row(changed, recorded)
}

/// Invitations, the last changed first.
pub async fn list(
    client: &impl Reader,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<InvitationRow>, QueryError> {
    const OPERATION: &str = "listing invitations";
    let after = after.map_or(i64::MAX, |cursor| cursor.0.0);
    let rows = client
        .query(include_str!("sql/invitations/list.sql"), &[&after, &rows_for(limit)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| invitation_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.changed_position)))
}

/// The invitation of an address, however it is spelt.
pub async fn find(client: &impl Reader, email: &Email) -> Result<Option<InvitationRow>, QueryError> {
    const OPERATION: &str = "finding an invitation";
    let row = client
        .query_opt(include_str!("sql/invitations/find.sql"), &[&email.normalised()])
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| invitation_of(&row, OPERATION)).transpose()
}

fn invitation_of(row: &Row, operation: &'static str) -> Result<InvitationRow, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(InvitationRow {
        email: columns.get("email")?,
        role: columns.parsed("role")?,
        invited_by: Principal(columns.get("invited_by")?),
        reason: columns.get("reason")?,
        changed_position: Position(columns.get("changed_seq")?),
        changed_at: columns.get("changed_at")?,
    })
}
