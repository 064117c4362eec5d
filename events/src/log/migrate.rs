//! Brings a database to the schema of this code: forward only, one process at a time.

use refinery::embed_migrations;
use tokio_postgres::Client;

embed_migrations!("../migrations");

/// The lock that migrating processes queue for: "tapedeck" in ASCII, cut to eight bytes.
const MIGRATION_LOCK: i64 = 0x7461_7065_6465_636b;

/// Why a database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The lock could not be taken or given back.
    #[error("waiting for other migrations to finish failed")]
    Lock(#[source] tokio_postgres::Error),
    /// A migration failed, or a landed one was edited.
    #[error("migrating the database failed")]
    Migration(#[source] Box<refinery::Error>),
    /// Partitions for what comes next could not be made.
    #[error("creating partitions failed")]
    Partitions(#[source] tokio_postgres::Error),
}

/// Applies what is missing and answers with the names of what was applied. Safe to call from several processes at once.
pub async fn migrate(client: &mut Client) -> Result<Vec<String>, MigrateError> {
    client.execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.map_err(MigrateError::Lock)?;
    let outcome = apply(client).await;
    client.execute("select pg_advisory_unlock($1)", &[&MIGRATION_LOCK]).await.map_err(MigrateError::Lock)?;
    outcome
}

async fn apply(client: &mut Client) -> Result<Vec<String>, MigrateError> {
    let report = migrations::runner()
        .run_async(client)
        .await
        .map_err(|error| MigrateError::Migration(Box::new(error)))?;
    client
        .batch_execute(include_str!("sql/ensure_partitions.sql"))
        .await
        .map_err(MigrateError::Partitions)?;
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}

/// How a database's schema compares with this code.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MigrationState {
    /// Migrations this code has and the database lacks, in order.
    pub missing: Vec<String>,
    /// Migrations the database has and this code does not know: it was migrated by a newer tapedeck.
    pub unknown: Vec<String>,
    /// Migrations that the database has in another form than this code.
    pub changed: Vec<String>,
}

/// Compares without changing anything.
pub async fn migration_state(client: &mut Client) -> Result<MigrationState, MigrateError> {
    let known = named(migrations::runner().get_migrations());
    let table: Option<String> = client
        .query_one("select to_regclass('refinery_schema_history')::text", &[])
        .await
        .map_err(MigrateError::Lock)?
        .get(0);
    let applied = match table {
        None => Vec::new(),
        Some(_) => named(
            &migrations::runner()
                .get_applied_migrations_async(client)
                .await
                .map_err(|error| MigrateError::Migration(Box::new(error)))?,
        ),
    };
    Ok(MigrationState {
        missing: names(known.iter().filter(|(name, _)| find(&applied, name).is_none())),
        unknown: names(applied.iter().filter(|(name, _)| find(&known, name).is_none())),
        changed: names(
            applied.iter().filter(|(name, sum)| find(&known, name).is_some_and(|known| known != *sum)),
        ),
    })
}

/// Migrations in their order, each with the checksum of its text.
fn named(migrations: &[refinery::Migration]) -> Vec<(String, u64)> {
    migrations.iter().map(|migration| (migration.to_string(), migration.checksum())).collect()
}

fn find(migrations: &[(String, u64)], name: &str) -> Option<u64> {
    migrations.iter().find(|(known, _)| known == name).map(|(_, checksum)| *checksum)
}

fn names<'a>(migrations: impl Iterator<Item = &'a (String, u64)>) -> Vec<String> {
    migrations.map(|(name, _)| name.clone()).collect()
}
