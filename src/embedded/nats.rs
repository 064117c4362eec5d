//! A private nats-server with JetStream: on a free port of this machine, behind a password of its own.

mod broker;
mod record;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, ServerAddr};

use super::error::EmbeddedError;
use super::home::Home;
use super::life::{Life, Origin, Server};
use crate::config::{Config, ProgramsConfig, SecretUrl};
use broker::Broker;

pub use broker::running;

/// JetStream reads its stored messages before it answers.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// What a private nats-server needs to know.
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// Its folder; created when missing.
    pub folder: PathBuf,
    /// Where to look for the server.
    pub programs: ProgramsConfig,
    /// How long it may take to become ready.
    pub start_patience: Duration,
}

impl NatsOptions {
    /// The private nats-server of a data folder.
    pub fn of(config: &Config) -> Self {
        Self {
            folder: config.data_dir.join("nats"),
            programs: config.programs.clone(),
            start_patience: START_PATIENCE,
        }
    }
}

/// A share in a private nats-server. Dropping it leaves the server like [`Nats::stop`], but blocks the thread.
#[derive(Debug)]
pub struct Nats {
    life: Arc<Life<Broker>>,
    url: SecretUrl,
}

impl Nats {
    /// Joins the server of the folder, or starts it, and waits until it answers with JetStream enabled.
    pub async fn start(options: &NatsOptions) -> Result<Self, EmbeddedError> {
        let options = options.clone();
        tokio::task::spawn_blocking(move || Self::begin(options)).await?
    }

    fn begin(options: NatsOptions) -> Result<Self, EmbeddedError> {
        let patience = options.start_patience;
        let home = Home::prepare(&options.folder, broker::STORE)?;
        let life = Life::begin(Broker::new(home, options), patience)?;
        let url = life.server.url()?;
        Ok(Self { life: Arc::new(life), url })
    }

    /// Where it listens, with its password.
    pub fn url(&self) -> SecretUrl {
        self.url.clone()
    }

    /// How this process came by it.
    pub fn origin(&self) -> Origin {
        self.life.origin
    }

    /// Its process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.life.server.pid()
    }

    /// Starts it again if it died; true if it had. The port stays the same unless another program took it.
    pub async fn ensure_running(&self) -> Result<bool, EmbeddedError> {
        let life = Arc::clone(&self.life);
        tokio::task::spawn_blocking(move || life.ensure_running()).await?
    }

    /// Leaves the server. If nobody else uses it, it shuts down: in good order within 10 seconds, or at once.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        tokio::task::spawn_blocking(move || self.life.end()).await?
    }
}

/// Connects to NATS. `async_nats` itself ignores the user, password or token that a URL contains.
pub async fn connect(url: &SecretUrl, options: ConnectOptions) -> Result<Client, async_nats::ConnectError> {
    let unreadable = |_| async_nats::ConnectError::from(ConnectErrorKind::ServerParse);
    let servers: Vec<ServerAddr> = url
        .expose()
        .split(',')
        .map(|server| server.trim().parse().map_err(unreadable))
        .collect::<Result<_, _>>()?;
    let login = servers.iter().find_map(|server| Some((decoded(server.username()?), server.password())));
    let options = match login {
        Some((user, Some(password))) => options.user_and_password(user, decoded(password)),
        Some((token, None)) => options.token(token),
        None => options,
    };
    options.connect(servers).await
}

/// `%XX` as the byte it stands for. What is not well formed stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        rest = match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                after.get(2..).unwrap_or_default()
            }
            None => {
                bytes.push(b'%');
                after
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_password_may_be_percent_encoded() {
        for (encoded, plain) in
            [("p%40ss%2Fw", "p@ss/w"), ("100%", "100%"), ("a%zzb", "a%zzb"), ("%C3%A4", "ä")]
        {
            assert_eq!(super::decoded(encoded), plain);
        }
    }
}
