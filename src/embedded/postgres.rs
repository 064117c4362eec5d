//! A private Postgres: a cluster in the data folder, reached by a Unix socket only its user can open.

mod cluster;
mod pid_file;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::error::EmbeddedError;
use super::home::Home;
use super::insist::Insistence;
use super::life::{Life, Origin, Server};
use crate::config::{Config, ProgramsConfig, SecretUrl};
use cluster::Cluster;

pub use pid_file::{running, running_at};
pub use settings::Durability;

/// Owner of everything in a private cluster, and the name of its database.
const NAME: &str = "tapedeck";
/// Replaying the log after a crash takes up to a minute on a slow disk.
const START_PATIENCE: Duration = Duration::from_secs(180);

/// What a private Postgres needs to know.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Its folder; created when missing. One folder is one cluster.
    pub folder: PathBuf,
    /// Where to look for the server.
    pub programs: ProgramsConfig,
    /// What survives a power failure.
    pub durability: Durability,
    /// How long it may take to become ready, including recovery after a crash.
    pub start_patience: Duration,
}

impl PostgresOptions {
    /// The private Postgres of a data folder.
    pub fn of(config: &Config) -> Self {
        Self {
            folder: config.data_dir.join("postgres"),
            programs: config.programs.clone(),
            durability: Durability::Durable,
            start_patience: START_PATIENCE,
        }
    }
}

/// A share in a private Postgres. Dropping it leaves the server like [`Postgres::stop`], but blocks the thread.
#[derive(Debug)]
pub struct Postgres(Arc<Life<Cluster>>);

impl Postgres {
    /// Joins the server of the folder, or starts it, and waits until it answers a query. One that dies while it is
    /// joined is started again.
    pub async fn start(options: &PostgresOptions) -> Result<Self, EmbeddedError> {
        let options = options.clone();
        let patience = options.start_patience;
        let postgres = tokio::task::spawn_blocking(move || Self::begin(options)).await??;
        match tokio::time::timeout(patience, postgres.answer(Insistence::of(patience))).await {
            Ok(answered) => answered.map(|()| postgres),
            Err(_) => Err(EmbeddedError::Silent { server: Cluster::NAME, waited_s: patience.as_secs() }),
        }
    }

    /// Makes sure that the server answers queries and has the database.
    async fn answer(&self, insistence: Insistence) -> Result<(), EmbeddedError> {
        loop {
            let Err(error) = self.create_database().await else { return Ok(()) };
            let revived = self.ensure_running().await?;
            insistence.after(error, revived).await?;
        }
    }

    fn begin(options: PostgresOptions) -> Result<Self, EmbeddedError> {
        let patience = options.start_patience;
        let home = Home::prepare(&options.folder, cluster::FOLDER)?;
        Life::begin(Cluster::new(home, options)?, patience).map(|life| Self(Arc::new(life)))
    }

    /// Connection settings, for the database `tapedeck`.
    pub fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.0.server.socket_folder()).user(NAME).dbname(NAME);
        config
    }

    /// The same as a URL, which `psql` understands too.
    pub fn url(&self) -> SecretUrl {
        url_of(&self.0.server.socket_folder())
    }

    /// How this process came by it.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// The postmaster's process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.0.server.pid()
    }

    /// Starts it again if it died; true if it had. The socket stays the same.
    pub async fn ensure_running(&self) -> Result<bool, EmbeddedError> {
        let life = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || life.ensure_running()).await?
    }

    /// Leaves the server. If nobody else uses it, it shuts down: in good order within 30 seconds, or at once.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        tokio::task::spawn_blocking(move || self.0.end()).await?
    }

    async fn create_database(&self) -> Result<(), EmbeddedError> {
        let mut config = self.config();
        let (client, connection) = config.dbname("postgres").connect(NoTls).await?;
        let connection = tokio::spawn(connection);
        let known = client.query_opt("select from pg_database where datname = $1", &[&NAME]).await?;
        if known.is_none() {
            match client.batch_execute(&format!("create database {NAME}")).await {
                // Another process that joined at the same moment was faster.
                Err(problem) if problem.code() == Some(&SqlState::DUPLICATE_DATABASE) => {}
                Err(problem) if problem.code() == Some(&SqlState::UNIQUE_VIOLATION) => {}
                outcome => outcome?,
            }
        }
        drop(client);
        connection.await??;
        Ok(())
    }
}

fn url_of(socket_folder: &Path) -> SecretUrl {
    let host = percent_encoded(&socket_folder.to_string_lossy());
    SecretUrl::new(format!("postgresql://{NAME}@{host}/{NAME}"))
}

/// Everything but the unreserved characters of URLs as `%XX`.
fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    encoded.collect()
}
