//! An opened tape: servers running, schema current, log open. What every command that touches data starts with.

use events::account::AccountEvent;
use events::codec::can_decode;
use events::invitations::InvitationEvent;
use events::log::{
    AppenderLimits, ConnectError, Connector, Log, LogOptions, MigrateError, OpenError, UnreadableType,
};
use events::model::ModelEvent;
use events::operations::OperationEvent;
use events::portfolio::PortfolioEvent;
use events::run::RunEvent;
use events::tags::TagEvent;
use events::valuation::ValuationEvent;

use crate::config::Config;
use crate::embedded::{EmbeddedError, Services};

/// Servers, schema and log.
#[derive(Debug)]
pub struct Tape {
    /// The configuration it was opened with.
    pub config: Config,
    /// The servers.
    pub services: Services,
    /// The log.
    pub log: Log,
}

/// Why a tape could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// A private server could not be started.
    #[error(transparent)]
    Services(#[from] EmbeddedError),
    /// The database could not be reached.
    #[error("the database cannot be reached")]
    Connect(#[from] ConnectError),
    /// The schema could not be brought up to date.
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[from] MigrateError),
    /// The log could not be opened.
    #[error("the event log cannot be opened")]
    Open(#[from] OpenError),
    /// The log could not be looked at.
    #[error("the event log cannot be read")]
    Read(#[from] events::log::ReadError),
    /// The log was written by a newer tapedeck.
    #[error(
        "the event log holds {} (schema {}), which this tapedeck cannot read; use the newer version that wrote it",
        first.event_type, first.schema_version
    )]
    Unreadable {
        /// The first type it cannot read.
        first: UnreadableType,
    },
}

impl Tape {
    /// Starts or joins the servers, migrates, opens the log and makes sure that all of it can be read (EL-70). A private
    /// server that dies meanwhile is started again.
    pub async fn open(config: Config) -> Result<Self, TapeError> {
        let services = Services::start(&config).await?;
        match insist_on_log(&config, &services).await {
            Ok(log) => Ok(Self { config, services, log }),
            Err(error) => {
                // The first error is the one to report.
                if let Err(second) = services.stop().await {
                    tracing::warn!(error = %second, "Stopping the servers failed as well: {second}");
                }
                Err(error)
            }
        }
    }

    /// Closes the log, and stops the servers that nobody else uses.
    pub async fn close(self) -> Result<(), EmbeddedError> {
        drop(self.log);
        self.services.stop().await
    }
}

async fn insist_on_log(config: &Config, services: &Services) -> Result<Log, TapeError> {
    let insistence = services.insistence();
    loop {
        match open_log(config, services).await {
            Ok(log) => return Ok(log),
            Err(error) => services.insist(insistence, error).await?,
        }
    }
}

async fn open_log(config: &Config, services: &Services) -> Result<Log, TapeError> {
    let connector = Connector::new(services.database.expose())?;
    let mut client = connector.connect().await?;
    for migration in events::log::migrate(&mut client).await? {
        tracing::info!(migration, "Applied migration {migration}");
    }
    drop(client);
    let log = Log::open(connector, log_options(config)).await?;
    let unreadable = log.unreadable_types(is_readable).await?;
    match unreadable.into_iter().next() {
        Some(first) => Err(TapeError::Unreadable { first }),
        None => Ok(log),
    }
}

/// Types whose name starts with this are written by benches and tests; nothing folds them.
const BENCH_PREFIX: &str = "Bench";

fn is_readable(event_type: &str, schema_version: u16) -> bool {
    event_type.starts_with(BENCH_PREFIX)
        || can_decode::<RunEvent>(event_type, schema_version)
        || can_decode::<ModelEvent>(event_type, schema_version)
        || can_decode::<AccountEvent>(event_type, schema_version)
        || can_decode::<InvitationEvent>(event_type, schema_version)
        || can_decode::<OperationEvent>(event_type, schema_version)
        || can_decode::<PortfolioEvent>(event_type, schema_version)
        || can_decode::<TagEvent>(event_type, schema_version)
        || can_decode::<ValuationEvent>(event_type, schema_version)
}

fn log_options(config: &Config) -> LogOptions {
    let limits = AppenderLimits {
        queue_appends: config.log.queue_appends_max,
        queue_bytes: config.log.queue_bytes_max,
        batch_appends: config.log.batch_appends_max,
        batch_bytes: config.log.batch_bytes_max,
        ..AppenderLimits::default()
    };
    LogOptions { limits, ..LogOptions::default() }
}
