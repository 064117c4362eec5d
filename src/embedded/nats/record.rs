//! What a private nats-server is known by, written down so that later processes find it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::embedded::error::{EmbeddedError, file_error};

const GREETING_PATIENCE: Duration = Duration::from_secs(1);
const FILE: &str = "server.json";

/// The name, port and password of one folder's server. Name and password never change; the port only if it was taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The server's name, by which we know that it is ours that answers.
    pub name: String,
    /// Its port on the loopback address.
    pub port: u16,
    /// The password of the user `tapedeck`.
    pub password: String,
}

/// The line a nats-server greets every connection with.
#[derive(Debug, Deserialize)]
struct Greeting {
    #[serde(default)]
    server_name: String,
    #[serde(default)]
    jetstream: bool,
}

impl Record {
    /// Reads it, if there is one. One that cannot be understood is as good as none.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
    }

    /// The record to start a server with: the last one, with a new port if the old one is taken.
    pub fn renewed(folder: &Path) -> Result<Self, EmbeddedError> {
        let record = match Self::read(folder) {
            Some(record) if is_free(record.port) => return Ok(record),
            Some(record) => Self { port: free_port(folder)?, ..record },
            None => {
                Self { name: format!("tapedeck-{}", random()), port: free_port(folder)?, password: random() }
            }
        };
        let text = serde_json::to_string_pretty(&record).map_err(std::io::Error::other);
        let path = folder.join(FILE);
        text.and_then(|text| write_privately(&path, &text)).map_err(file_error("writing", path))?;
        Ok(record)
    }

    /// Whether the server of this record answers, with JetStream ready.
    pub fn answers(&self) -> bool {
        self.greeting().is_some_and(|greeting| greeting.jetstream && greeting.server_name == self.name)
    }

    fn greeting(&self) -> Option<Greeting> {
        let stream = TcpStream::connect_timeout(&self.address(), GREETING_PATIENCE).ok()?;
        stream.set_read_timeout(Some(GREETING_PATIENCE)).ok()?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).ok()?;
        serde_json::from_str(line.strip_prefix("INFO ")?).ok()
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

/// Replaces `path` by a file that only its owner can read.
pub fn write_privately(path: &Path, text: &str) -> std::io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file =
        fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&unfinished, path)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port that is free now. Another program may be faster; then the start is tried again.
fn free_port(folder: &Path) -> Result<u16, EmbeddedError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    Ok(bound.map_err(file_error("finding a free port for the server of", folder))?.port())
}

fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}
