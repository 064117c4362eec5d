//! Accounts as they are now, with their sessions and API keys: what every request is checked against.

mod api_keys;
mod proof;
mod sessions;

use events::account::{Account, AccountEvent, AccountRegistered, Entry, Role};
use events::log::Filter;
use events::{AccountId, CredentialId, Decider, Position, Principal, Recorded, Version};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::{Row, Transaction};

pub use api_keys::{ApiKeyRow, api_keys};
pub use proof::{
    Found, ImpersonatorProof, KeyProof, SessionProof, enter_session, expect_session, prove_key,
    prove_key_by_id, prove_session,
};
pub use sessions::{SessionRow, sessions};

use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};
use crate::projection::{expect_row, key_of};
use crate::reader::Reader;
use crate::{Projection, ProjectionError};

/// The read model of accounts, sessions and API keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct Accounts;

/// One account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountRow {
    /// Which account.
    pub account_id: AccountId,
    /// Under which name its commands are recorded and what it owns is kept.
    pub principal: Principal,
    /// Its address as it was typed.
    pub email: String,
    /// The person's name.
    pub full_name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// How it came to be.
    pub entry: Entry,
    /// The password hash in force, by name; nobody outside needs it.
    #[serde(skip)]
    pub credential_id: Option<CredentialId>,
    /// Version of its stream.
    pub version: Version,
    /// The event that created it.
    pub created_position: Position,
    /// When it was created (UTC).
    pub created_at: Timestamp,
    /// When its password, role or state last changed (UTC).
    pub updated_at: Timestamp,
    /// When somebody last signed in (UTC).
    pub signed_in_at: Option<Timestamp>,
}

impl Projection for Accounts {
    const NAME: &'static str = "accounts";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        Filter::category(Account::CATEGORY)
    }

    fn tables() -> &'static [&'static str] {
        &["accounts", "sessions", "api_keys"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for recorded in events {
            for event in recorded.decode::<AccountEvent>()? {
                fold(transaction, recorded, event).await?;
            }
        }
        Ok(())
    }
}

async fn fold(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    event: AccountEvent,
) -> Result<(), ProjectionError> {
    let account = key_of::<AccountId>(recorded)?.uuid();
    let (version, at) = (recorded.version.0, recorded.recorded_at);
    let changed = match event {
        AccountEvent::AccountRegistered(registered) => {
            return register(transaction, recorded, registered).await;
        }
        AccountEvent::PasswordSet(set) => {
            let statement = include_str!("sql/accounts/set_password.sql");
            transaction.execute(statement, &[&account, &version, &at, &set.credential_id.uuid()]).await
        }
        AccountEvent::RoleChanged(changed) => {
            let statement = include_str!("sql/accounts/change_role.sql");
            transaction.execute(statement, &[&account, &version, &at, &changed.role.name()]).await
        }
        AccountEvent::AccountDeactivated(_) => activate(transaction, recorded, account, false).await,
        AccountEvent::AccountReactivated(_) => activate(transaction, recorded, account, true).await,
        AccountEvent::SessionOpened(opened) => {
            sessions::open(transaction, recorded, account, &opened).await?;
            transaction.execute(include_str!("sql/accounts/sign_in.sql"), &[&account, &version, &at]).await
        }
        AccountEvent::ImpersonationStarted(started) => {
            sessions::impersonate(transaction, recorded, account, &started).await?;
            touch(transaction, account, version).await
        }
        AccountEvent::SessionRefreshed(refreshed) => {
            sessions::refresh(transaction, recorded, &refreshed).await?;
            touch(transaction, account, version).await
        }
        AccountEvent::SessionEnded(ended) => {
            sessions::end(transaction, recorded, ended.session_id, ended.why.name()).await?;
            touch(transaction, account, version).await
        }
        AccountEvent::ImpersonationEnded(ended) => {
            sessions::end(transaction, recorded, ended.session_id, "impersonation_ended").await?;
            touch(transaction, account, version).await
        }
        AccountEvent::ApiKeyCreated(created) => {
            api_keys::create(transaction, recorded, account, &created).await?;
            touch(transaction, account, version).await
        }
        AccountEvent::ApiKeyRevoked(revoked) => {
            api_keys::revoke(transaction, recorded, revoked.key_id).await?;
            touch(transaction, account, version).await
        }
        AccountEvent::RefreshReused(_) => touch(transaction, account, version).await,
    };
    expect_row(changed.map_err(ProjectionError::during("changing an account"))?, recorded)
}

async fn touch(
    transaction: &Transaction<'_>,
    account: uuid::Uuid,
    version: i64,
) -> Result<u64, tokio_postgres::Error> {
    transaction.execute(include_str!("sql/accounts/touch.sql"), &[&account, &version]).await
}

async fn activate(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    account: uuid::Uuid,
    active: bool,
) -> Result<u64, tokio_postgres::Error> {
    let statement = include_str!("sql/accounts/activate.sql");
    transaction.execute(statement, &[&account, &recorded.version.0, &recorded.recorded_at, &active]).await
}

async fn register(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    registered: AccountRegistered,
) -> Result<(), ProjectionError> {
    let email = &registered.email;
    transaction
        .execute(
            include_str!("sql/accounts/register.sql"),
            &[
                &key_of::<AccountId>(recorded)?.uuid(),
                &registered.principal.0,
                &email.typed(),
                &email.normalised(),
                &email.skeleton(),
                &registered.full_name,
                &registered.role.name(),
                &registered.entry.name(),
                &recorded.version.0,
                &recorded.position.0,
                &recorded.recorded_at,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("creating an account"))
}

/// Which accounts a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Only of this role.
    pub role: Option<Role>,
    /// Only active ones, or only deactivated ones.
    pub active: Option<bool>,
    /// Only with this in the address or the name, in any case.
    pub text: Option<String>,
}

/// Accounts, newest first.
pub async fn list(
    client: &impl Reader,
    filter: &AccountFilter,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<AccountRow>, QueryError> {
    const OPERATION: &str = "listing accounts";
    let role = filter.role.map(Role::name);
    let after = after.map_or(i64::MAX, |cursor| cursor.0.0);
    let rows = client
        .query(
            include_str!("sql/accounts/list.sql"),
            &[&role, &filter.active, &filter.text, &after, &rows_for(limit)],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| account_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.created_position)))
}

/// One account.
pub async fn find(client: &impl Reader, account: AccountId) -> Result<Option<AccountRow>, QueryError> {
    const OPERATION: &str = "finding an account";
    let row = client
        .query_opt(include_str!("sql/accounts/find.sql"), &[&account.uuid()])
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| account_of(&row, OPERATION)).transpose()
}

/// The account of a principal.
pub async fn find_by_principal(
    client: &impl Reader,
    principal: &Principal,
) -> Result<Option<AccountRow>, QueryError> {
    const OPERATION: &str = "finding the account of a principal";
    let row = client
        .query_opt(include_str!("sql/accounts/find_by_principal.sql"), &[&principal.0])
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| account_of(&row, OPERATION)).transpose()
}

/// Whether the address of another account than `account` has this skeleton.
pub async fn looks_like_another(
    client: &impl Reader,
    skeleton: &str,
    account: AccountId,
) -> Result<bool, QueryError> {
    let row = client
        .query_one(include_str!("sql/accounts/look_alike.sql"), &[&skeleton, &account.uuid()])
        .await
        .map_err(QueryError::during("looking for similar addresses"))?;
    Ok(row.get("found"))
}

/// How many active administrators there are, not counting `but`.
pub async fn active_admins(client: &impl Reader, but: Option<AccountId>) -> Result<i64, QueryError> {
    let row = client
        .query_one(include_str!("sql/accounts/admins.sql"), &[&but.map(AccountId::uuid)])
        .await
        .map_err(QueryError::during("counting administrators"))?;
    Ok(row.get("admins"))
}

fn account_of(row: &Row, operation: &'static str) -> Result<AccountRow, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(AccountRow {
        account_id: AccountId::from_uuid(columns.get("account_id")?),
        principal: Principal(columns.get("principal")?),
        email: columns.get("email")?,
        full_name: columns.get("full_name")?,
        role: columns.parsed("role")?,
        active: columns.get("active")?,
        entry: columns.named("entry")?,
        credential_id: columns.get::<Option<_>>("credential_id")?.map(CredentialId::from_uuid),
        version: Version(columns.get("version")?),
        created_position: Position(columns.get("created_seq")?),
        created_at: columns.get("created_at")?,
        updated_at: columns.get("updated_at")?,
        signed_in_at: columns.get("signed_in_at")?,
    })
}
