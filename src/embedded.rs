//! The servers tapedeck brings along: a private Postgres and a private nats-server, when no URL is given.
//!
//! Both are ordinary servers, installed on the machine and run in the data folder: same SQL, same protocol, no mock.
//! Several processes may work on one data folder. The first starts the servers, later ones join them, and the last to
//! leave stops them. After `kill -9` the servers live on, and the next process joins those.

mod error;
mod home;
mod insist;
mod lease;
mod life;
pub mod nats;
pub mod postgres;
pub(crate) mod process;
pub(crate) mod programs;

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::config::{Config, SecretUrl};

pub use error::EmbeddedError;
pub use home::server_user;
pub use insist::Insistence;
pub use life::Origin;
pub use nats::{Nats, NatsOptions};
pub use postgres::{Durability, Postgres, PostgresOptions};

/// How long what needs the servers is begun again while they die under it.
const INSISTING: Duration = Duration::from_secs(180);
/// How often a private server is looked after.
const TENDING_INTERVAL: Duration = Duration::from_millis(500);

/// The database and the message server in use, private or given.
#[derive(Debug)]
pub struct Services {
    /// Where the database is.
    pub database: SecretUrl,
    /// Where NATS is. Connect with [`nats::connect`], which honours its user and password.
    pub nats: SecretUrl,
    private_postgres: Option<Postgres>,
    private_nats: Option<Nats>,
}

/// Where a service in use came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provided {
    /// By a URL in the configuration: nothing was started.
    Given,
    /// By a private server that this process started.
    Started,
    /// By a private server that was running already.
    Joined,
}

impl Services {
    /// Takes what the configuration gives, and starts or joins a private server for what it does not.
    pub async fn start(config: &Config) -> Result<Self, EmbeddedError> {
        let postgres = async {
            match config.database.url {
                Some(_) => Ok(None),
                None => Postgres::start(&PostgresOptions::of(config)).await.map(Some),
            }
        };
        let nats = async {
            match config.nats.url {
                Some(_) => Ok(None),
                None => Nats::start(&NatsOptions::of(config)).await.map(Some),
            }
        };
        let (postgres, nats) = tokio::join!(postgres, nats);
        let (private_postgres, private_nats) = (postgres?, nats?);
        let database = private_postgres.as_ref().map(Postgres::url).or_else(|| config.database.url.clone());
        let nats = private_nats.as_ref().map(Nats::url).or_else(|| config.nats.url.clone());
        Ok(Self {
            database: database.ok_or(EmbeddedError::NoUrl { server: "Postgres" })?,
            nats: nats.ok_or(EmbeddedError::NoUrl { server: "NATS" })?,
            private_postgres,
            private_nats,
        })
    }

    /// How the database came to be there.
    pub fn database_provided(&self) -> Provided {
        self.private_postgres.as_ref().map_or(Provided::Given, |postgres| postgres.origin().into())
    }

    /// How the message server came to be there.
    pub fn nats_provided(&self) -> Provided {
        self.private_nats.as_ref().map_or(Provided::Given, |nats| nats.origin().into())
    }

    /// Restarts a private server that died, on the same socket and port, until `leaving` is cancelled. Clients
    /// reconnect by themselves.
    pub async fn tend(&self, leaving: &CancellationToken) {
        while leaving.run_until_cancelled(tokio::time::sleep(TENDING_INTERVAL)).await.is_some() {
            if let Some(postgres) = &self.private_postgres {
                report("Postgres", postgres.ensure_running().await);
            }
            if let Some(nats) = &self.private_nats {
                report("NATS", nats.ensure_running().await);
            }
        }
    }

    /// How long what needs the servers may be begun again while they die under it.
    pub fn insistence(&self) -> Insistence {
        // Servers that were given are somebody else's to keep: what fails with them has failed.
        let private = self.private_postgres.is_some() || self.private_nats.is_some();
        Insistence::of(if private { INSISTING } else { Duration::ZERO })
    }

    /// After something that needs the servers failed with `error`: starts those that died, and returns when it is time
    /// to begin again, or gives the error back if that would not help.
    pub async fn insist<E>(&self, insistence: Insistence, error: E) -> Result<(), E>
    where
        E: std::error::Error + From<EmbeddedError> + 'static,
    {
        let revived = self.ensure_running().await?;
        insistence.after(error, revived).await
    }

    async fn ensure_running(&self) -> Result<bool, EmbeddedError> {
        let postgres = match &self.private_postgres {
            Some(postgres) => postgres.ensure_running().await?,
            None => false,
        };
        let nats = match &self.private_nats {
            Some(nats) => nats.ensure_running().await?,
            None => false,
        };
        Ok(postgres || nats)
    }

    /// Leaves the private servers, and stops those that nobody else uses.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let postgres = async {
            match self.private_postgres {
                Some(postgres) => postgres.stop().await,
                None => Ok(()),
            }
        };
        let nats = async {
            match self.private_nats {
                Some(nats) => nats.stop().await,
                None => Ok(()),
            }
        };
        let (postgres, nats) = tokio::join!(postgres, nats);
        postgres.and(nats)
    }
}

fn report(server: &str, outcome: Result<bool, EmbeddedError>) {
    match outcome {
        Ok(false) => {}
        Ok(true) => warn!(server, "The private {server} had died and was started again"),
        Err(problem) => {
            error!(server, error = %problem, "The private {server} has died and does not start: {problem}")
        }
    }
}

impl From<Origin> for Provided {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Started => Self::Started,
            Origin::Joined => Self::Joined,
        }
    }
}
