//! What administrators and operators did: the list of every act, with who, to whom, why and from where.

use std::fmt;
use std::str::FromStr;

use events::account::{Account, AccountEvent, Act, Entry};
use events::invitations::{InvitationEvent, Invitations};
use events::log::Filter;
use events::operations::{Operation, OperationBegun, OperationEvent, Operations};
use events::{AccountId, Decider, OperationId, Position, Principal, Recorded};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tokio_postgres::types::Json;
use tokio_postgres::{Row, Transaction};

use crate::database::{Columns, QueryError};
use crate::page::{InvalidCursor, Page, decode, encode, rows_for};
use crate::projection::{expect_row, key_of};
use crate::reader::Reader;
use crate::{Projection, ProjectionError};

/// The read model of the acts of administrators and operators.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdminActs;

/// One act.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdminActRow {
    /// The event that it is.
    pub position: Position,
    /// Its place among the events that are stored together there.
    pub place: i32,
    /// What: `role_changed`, `account_deactivated`, …
    pub act: String,
    /// Who.
    pub by: Principal,
    /// Whom, where it is an account.
    pub account_id: Option<AccountId>,
    /// Whom, where it is an address.
    pub email: Option<String>,
    /// Why; empty where nothing was said.
    pub reason: String,
    /// From which network address.
    pub ip: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// What exactly, such as the role.
    pub details: Value,
    /// What came of it, once it is over; none of what is done at once.
    pub outcome: Option<Value>,
    /// When (UTC).
    pub at: Timestamp,
}

/// An act as an event tells it.
struct Told {
    act: Act,
    name: &'static str,
    account: Option<AccountId>,
    email: Option<String>,
    details: Value,
    operation: Option<OperationId>,
}

impl Projection for AdminActs {
    const NAME: &'static str = "admin_acts";
    const GENERATION: i32 = 2;

    fn filter() -> Filter {
        let categories = [Account::CATEGORY, Invitations::CATEGORY, Operations::CATEGORY].map(str::to_owned);
        Filter { categories: categories.into(), ..Filter::default() }
    }

    fn tables() -> &'static [&'static str] {
        &["admin_acts"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for recorded in events {
            let told: Vec<Option<Told>> = match recorded.stream.category() {
                Account::CATEGORY => {
                    let account = key_of::<AccountId>(recorded)?;
                    let events = recorded.decode::<AccountEvent>()?;
                    events.into_iter().map(|event| of_account(account, event)).collect()
                }
                Operations::CATEGORY => of_journal(transaction, recorded).await?,
                _ => {
                    let events = recorded.decode::<InvitationEvent>()?;
                    events.into_iter().map(|event| Some(of_list(event))).collect()
                }
            };
            for (place, told) in told.into_iter().enumerate() {
                if let Some(told) = told {
                    put(transaction, recorded, i32::try_from(place).unwrap_or(i32::MAX), &told).await?;
                }
            }
        }
        Ok(())
    }
}

/// What an event of an account says of an administrator's act, if it is one.
fn of_account(account: AccountId, event: AccountEvent) -> Option<Told> {
    let (name, act, details) = match event {
        AccountEvent::AccountRegistered(registered) => {
            let (name, by) = match registered.entry {
                Entry::Open | Entry::Invited => return None,
                Entry::Claimed => ("installation_claimed", registered.principal),
                Entry::CommandLine => ("account_created", Principal::local_owner()),
            };
            (name, Act::of(by, "", registered.from), json!({ "role": registered.role }))
        }
        AccountEvent::SessionEnded(ended) => {
            ("session_ended", ended.act?, json!({ "session_id": ended.session_id }))
        }
        AccountEvent::ApiKeyRevoked(revoked) => {
            ("api_key_revoked", revoked.act?, json!({ "key_id": revoked.key_id }))
        }
        AccountEvent::RoleChanged(changed) => {
            ("role_changed", changed.act, json!({ "role": changed.role, "before": changed.before }))
        }
        AccountEvent::AccountDeactivated(deactivated) => ("account_deactivated", deactivated.act, json!({})),
        AccountEvent::AccountReactivated(reactivated) => ("account_reactivated", reactivated.act, json!({})),
        AccountEvent::ImpersonationStarted(started) => (
            "impersonation_started",
            started.act,
            json!({
                "session_id": started.session_id,
                "access": started.access,
                "expires_at": started.expires_at,
            }),
        ),
        AccountEvent::ImpersonationEnded(ended) => {
            ("impersonation_ended", ended.act, json!({ "session_id": ended.session_id }))
        }
        AccountEvent::PasswordSet(_)
        | AccountEvent::SessionOpened(_)
        | AccountEvent::SessionRefreshed(_)
        | AccountEvent::RefreshReused(_)
        | AccountEvent::ApiKeyCreated(_) => return None,
    };
    Some(Told { act, name, account: Some(account), email: None, details, operation: None })
}

/// What an event of the list of invitations says.
fn of_list(event: InvitationEvent) -> Told {
    let (name, email, act, details) = match event {
        InvitationEvent::InvitationAdded(added) => {
            ("invitation_added", added.email, added.act, json!({ "role": added.role }))
        }
        InvitationEvent::InvitationChanged(changed) => {
            ("invitation_changed", changed.email, changed.act, json!({ "role": changed.role }))
        }
        InvitationEvent::InvitationRemoved(removed) => {
            ("invitation_removed", removed.email, removed.act, json!({}))
        }
    };
    Told { act, name, account: None, email: Some(email.typed().to_owned()), details, operation: None }
}

/// What the journal says of operations that begin; notes what came of those that end.
async fn of_journal(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
) -> Result<Vec<Option<Told>>, ProjectionError> {
    let mut told = Vec::new();
    for event in recorded.decode::<OperationEvent>()? {
        told.push(match event {
            OperationEvent::OperationBegun(begun) => Some(of_operation(begun)?),
            OperationEvent::OperationEnded(ended) => {
                let outcome = serde_json::to_value(&ended.outcome).map_err(odd)?;
                let noted = transaction
                    .execute(
                        include_str!("sql/admin_acts/end.sql"),
                        &[&ended.operation_id.uuid(), &Json(outcome)],
                    )
                    .await;
                expect_row(noted.map_err(ProjectionError::during("ending an act"))?, recorded)?;
                None
            }
        });
    }
    Ok(told)
}

fn of_operation(begun: OperationBegun) -> Result<Told, ProjectionError> {
    let OperationBegun { operation_id, operation, act } = begun;
    let name = Operation::name(&operation);
    let mut details = serde_json::to_value(&operation).map_err(odd)?;
    if let Some(members) = details.as_object_mut() {
        members.remove("kind");
    }
    Ok(Told { act, name, account: None, email: None, details, operation: Some(operation_id) })
}

fn odd(error: serde_json::Error) -> ProjectionError {
    ProjectionError::contradiction(error.to_string())
}

async fn put(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    place: i32,
    told: &Told,
) -> Result<(), ProjectionError> {
    let act = &told.act;
    transaction
        .execute(
            include_str!("sql/admin_acts/put.sql"),
            &[
                &recorded.position.0,
                &place,
                &told.name,
                &act.by.0,
                &told.account.map(AccountId::uuid),
                &told.email,
                &act.reason,
                &act.from.ip.map(|ip| ip.to_string()),
                &act.from.user_agent,
                &Json(&told.details),
                &recorded.recorded_at,
                &told.operation.map(OperationId::uuid),
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing an act"))
}

/// A place in the list of acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminActsCursor {
    position: Position,
    place: i32,
}

const LIST: &str = "admin_acts";

impl fmt::Display for AdminActsCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(LIST, &format!("{}.{}", self.position, self.place)))
    }
}

impl FromStr for AdminActsCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let whole = decode(LIST, text)?;
        let (position, place) = whole.split_once('.').ok_or(InvalidCursor)?;
        let position = Position(position.parse().map_err(|_| InvalidCursor)?);
        Ok(Self { position, place: place.parse().map_err(|_| InvalidCursor)? })
    }
}

impl Serialize for AdminActsCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Acts, newest first; `account` narrows the list to acts on one account, `by` to those of one administrator.
pub async fn list(
    client: &impl Reader,
    account: Option<AccountId>,
    by: Option<&Principal>,
    after: Option<AdminActsCursor>,
    limit: u16,
) -> Result<Page<AdminActRow, AdminActsCursor>, QueryError> {
    const OPERATION: &str = "listing acts of administrators";
    let by = by.map(|by| by.0.as_str());
    let (position, place) = after.map_or((i64::MAX, i32::MAX), |cursor| (cursor.position.0, cursor.place));
    let rows = client
        .query(
            include_str!("sql/admin_acts/list.sql"),
            &[&account.map(AccountId::uuid), &by, &position, &place, &rows_for(limit)],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| act_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| AdminActsCursor { position: last.position, place: last.place }))
}

fn act_of(row: &Row, operation: &'static str) -> Result<AdminActRow, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(AdminActRow {
        position: Position(columns.get("seq")?),
        place: columns.get("place")?,
        act: columns.get("act")?,
        by: Principal(columns.get("by")?),
        account_id: columns.get::<Option<_>>("account_id")?.map(AccountId::from_uuid),
        email: columns.get("email")?,
        reason: columns.get("reason")?,
        ip: columns.get("ip")?,
        user_agent: columns.get("user_agent")?,
        details: columns.get::<Json<Value>>("details")?.0,
        outcome: columns.get::<Option<Json<Value>>>("outcome")?.map(|outcome| outcome.0),
        at: columns.get("at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let cursor = AdminActsCursor { position: Position(42), place: 3 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("00".parse::<AdminActsCursor>(), Err(InvalidCursor));
    }
}
