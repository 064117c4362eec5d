//! The servers that URLs point to: whether they answer, and whether they are new enough.

use std::time::Duration;

use async_nats::ConnectOptions;
use events::log::{Connector, DatabaseHealth, MigrationState, migration_state};
use tokio_postgres::NoTls;

use super::Check;
use crate::config::{Config, SecretUrl};
use crate::embedded::nats::connect;
use crate::embedded::postgres;
use crate::embedded::programs::{NATS_VERSION_MIN, POSTGRES_VERSION_MIN, version_in};

const PATIENCE: Duration = Duration::from_secs(5);

pub async fn database(config: &Config) -> Option<Check> {
    const NAME: &str = "given database";
    let url = config.database.url.as_ref()?;
    let advice = "Start it or correct DATABASE_URL. Without one tapedeck starts a Postgres of its own";
    Some(match within(PATIENCE, postgres_version(url)).await {
        Err(problem) => Check::failed(NAME, format!("{url}: {problem}"), advice),
        Ok(version) => match version_in(&version) {
            Some(number) if number >= POSTGRES_VERSION_MIN => {
                Check::ok(NAME, format!("Postgres {version} at {url}"))
            }
            _ => Check::failed(
                NAME,
                format!("Postgres {version} at {url}"),
                format!("Postgres {} or newer is needed", POSTGRES_VERSION_MIN.0),
            ),
        },
    })
}

async fn postgres_version(url: &SecretUrl) -> Result<String, anyhow::Error> {
    let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await?;
    let connection = tokio::spawn(connection);
    let version = client.query_one("show server_version", &[]).await?.try_get(0)?;
    drop(client);
    connection.await??;
    Ok(version)
}

pub async fn nats(config: &Config) -> Option<Check> {
    const NAME: &str = "given NATS";
    let url = config.nats.url.as_ref()?;
    let advice = "Start it or correct NATS_URL. Without one tapedeck starts a nats-server of its own";
    let greeting = async { Ok(connect(url, ConnectOptions::new()).await?.server_info()) };
    let server = match within(PATIENCE, greeting).await {
        Ok(server) => server,
        Err(problem) => return Some(Check::failed(NAME, format!("{url}: {problem}"), advice)),
    };
    let found = format!("nats-server {} at {url}", server.version);
    let version = version_in(&server.version).unwrap_or_default();
    Some(match version {
        _ if !server.jetstream => {
            Check::failed(NAME, format!("{found}, without JetStream"), "Start nats-server with -js")
        }
        version if version < NATS_VERSION_MIN => {
            let (major, minor) = NATS_VERSION_MIN;
            Check::failed(NAME, found, format!("nats-server {major}.{minor} or newer is needed"))
        }
        _ => Check::ok(NAME, found),
    })
}

/// The schema and the state of a database that runs already; nothing is said of one that does not.
pub async fn inside(config: &Config) -> Vec<Check> {
    let private = || postgres::running_at(&config.data_dir.join("postgres"));
    let Some(url) = config.database.url.clone().or_else(private) else { return Vec::new() };
    let looking = async {
        let mut client = Connector::new(url.expose())?.connect().await?;
        let schema = schema(&migration_state(&mut client).await?);
        Ok(vec![schema, health(&DatabaseHealth::look(&client).await?)])
    };
    // That it does not answer is said by another check.
    within(PATIENCE, looking).await.unwrap_or_default()
}

fn schema(state: &MigrationState) -> Check {
    const NAME: &str = "schema";
    let MigrationState { missing, unknown, changed } = state;
    if !unknown.is_empty() {
        let found = format!("has {}, which this tapedeck does not know", unknown.join(", "));
        return Check::failed(NAME, found, "Use the newer tapedeck that migrated the database");
    }
    if !changed.is_empty() {
        let found = format!("{} was applied in another form", changed.join(", "));
        return Check::failed(NAME, found, "Use the tapedeck that migrated the database");
    }
    if missing.is_empty() {
        return Check::ok(NAME, "up to date");
    }
    Check::ok(NAME, format!("{} will be applied at the next start", missing.join(", ")))
}

fn health(health: &DatabaseHealth) -> Check {
    const NAME: &str = "database health";
    let alerts = health.alerts();
    if alerts.is_empty() {
        return Check::ok(NAME, "no old snapshots, no prepared transactions");
    }
    Check::warning(NAME, alerts.join("; "), "Appends slow down until it ends: find out whose it is")
}

/// The outcome, or in one line why there is none.
async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, anyhow::Error>>,
) -> Result<T, String> {
    match tokio::time::timeout(patience, work).await {
        Ok(outcome) => outcome.map_err(|problem| format!("{problem:#}")),
        Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
    }
}
