//! The configuration: one typed struct, read once at start and passed on as sections.
//!
//! Later sources win: defaults, then `tapedeck.toml`, then the environment (`TAPEDECK_HTTP__LISTEN` is `http.listen`;
//! `DATABASE_URL` and `NATS_URL` work too, `TAPEDECK_SERVER` and `TAPEDECK_API_KEY`, `OPENAI_API_KEY` and
//! `OPENROUTER_API_KEY`), then flags. [`Config::provenance`] tells which source each value came from.

mod actors;
mod ai;
mod client;
mod database;
mod http;
mod identity;
mod log;
mod nats;
mod portfolios;
mod programs;
mod runs;
mod secret_text;
mod secret_url;
mod sources;
mod telemetry;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use actors::ActorsConfig;
pub use ai::{AiApi, AiConfig, AiPrices, AiProviderConfig, BaseUrl, InvalidBaseUrl};
pub use client::ClientConfig;
pub use database::DatabaseConfig;
pub use http::{HttpConfig, InvalidOrigin, Origin, RatesConfig};
pub use identity::{Argon2Config, IdentityConfig, SignUpMode, ThrottleConfig};
pub use log::LogConfig;
pub use nats::NatsConfig;
pub use portfolios::PortfoliosConfig;
pub use programs::ProgramsConfig;
pub use runs::RunsConfig;
pub use secret_text::SecretText;
pub use secret_url::SecretUrl;
pub use sources::{Setting, Sources};
pub use telemetry::{LogFormat, TelemetryConfig};

/// Everything that can be set. Every number is a limit or a duration, so zero is refused everywhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the private servers' data, relative to the working directory. Default `.tapedeck`. Another folder is
    /// another, empty tapedeck.
    pub data_dir: PathBuf,
    /// Where the event log and the read models are.
    pub database: DatabaseConfig,
    /// Where ticks and batch commands travel.
    pub nats: NatsConfig,
    /// The API's door.
    pub http: HttpConfig,
    /// Who may sign up, how passwords are kept, and how long tokens live.
    pub identity: IdentityConfig,
    /// Limits of the event log's append queue.
    pub log: LogConfig,
    /// How many actors live, how long, and how often they may fail.
    pub actors: ActorsConfig,
    /// How runs share the machine.
    pub runs: RunsConfig,
    /// How many portfolios there may be.
    pub portfolios: PortfoliosConfig,
    /// Who serves AI models.
    pub ai: AiConfig,
    /// What is written to the program's own log.
    pub telemetry: TelemetryConfig,
    /// Where to look for the servers' programs.
    pub programs: ProgramsConfig,
    /// Which server commands ask, and as whom.
    pub client: ClientConfig,
    #[serde(skip)]
    provenance: Vec<Setting>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from(".tapedeck"),
            database: DatabaseConfig::default(),
            nats: NatsConfig::default(),
            http: HttpConfig::default(),
            identity: IdentityConfig::default(),
            log: LogConfig::default(),
            actors: ActorsConfig::default(),
            runs: RunsConfig::default(),
            portfolios: PortfoliosConfig::default(),
            ai: AiConfig::default(),
            telemetry: TelemetryConfig::default(),
            programs: ProgramsConfig::default(),
            client: ClientConfig::default(),
            provenance: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the file, the process environment and `flags`: any structure with the shape of [`Config`] whose absent
    /// parts serialize as nothing or `None`.
    pub fn load(file: Option<PathBuf>, flags: &impl Serialize) -> Result<Self, ConfigError> {
        Self::from_sources(Sources::of_this_process(file).with_flags(flags)?)
    }

    /// Folds `sources` into one configuration and checks it.
    pub fn from_sources(sources: Sources) -> Result<Self, ConfigError> {
        let figment = sources.figment()?;
        let mut config: Self = figment.extract().map_err(ConfigError::unreadable)?;
        config.provenance = sources::provenance(&config, &figment)?;
        let zeros = config.provenance.iter().filter(|setting| setting.value == 0);
        let zeros: Vec<String> =
            zeros.map(|setting| format!("{} ({})", setting.key, setting.source)).collect();
        if zeros.is_empty() { Ok(config) } else { Err(ConfigError::Zero { settings: zeros }) }
    }

    /// Each setting with its value, secrets masked, and where it came from. Empty for a configuration made in code.
    pub fn provenance(&self) -> &[Setting] {
        &self.provenance
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file was asked for and does not exist.
    #[error("the configuration file {} does not exist", path.display())]
    NoFile {
        /// The file asked for.
        path: PathBuf,
    },
    /// A source cannot be read as configuration; the text names the setting and the source.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(Box<figment::Error>),
    /// Settings that are zero although they are limits or durations.
    #[error("must be at least 1: {}", settings.join(", "))]
    Zero {
        /// Each setting with its source.
        settings: Vec<String>,
    },
}

impl ConfigError {
    fn unreadable(source: figment::Error) -> Self {
        Self::Unreadable(Box::new(source))
    }
}
