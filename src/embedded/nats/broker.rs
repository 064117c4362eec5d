//! The nats-server of one folder: its configuration, its process, its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::NatsOptions;
use super::record::{Record, write_privately};
use crate::config::SecretUrl;
use crate::embedded::error::{EmbeddedError, file_error};
use crate::embedded::home::Home;
use crate::embedded::life::{Server, Sight};
use crate::embedded::process::{Holder, holder};
use crate::embedded::programs::{Installed, Program};

/// JetStream's folder within the server's.
pub const STORE: &str = "store";
const USER: &str = "tapedeck";

/// A private nats-server.
#[derive(Debug)]
pub struct Broker {
    home: Home,
    options: NatsOptions,
}

impl Broker {
    /// The server of `home`, running or not.
    pub fn new(home: Home, options: NatsOptions) -> Self {
        Self { home, options }
    }

    /// Where it listens.
    pub fn url(&self) -> Result<SecretUrl, EmbeddedError> {
        let record = Record::read(&self.home.folder).ok_or(EmbeddedError::NoUrl { server: Self::NAME })?;
        Ok(SecretUrl::new(format!("nats://{USER}:{}@127.0.0.1:{}", record.password, record.port)))
    }

    fn installed(&self) -> Result<Installed, EmbeddedError> {
        let program = Program::Nats;
        let found = program.find_all(&self.options.programs);
        let newest = found.first().filter(|newest| newest.version >= program.version_min());
        let banners = || found.iter().map(|installed| installed.banner.clone()).collect();
        newest.cloned().ok_or_else(|| EmbeddedError::NotInstalled { program, found: banners() })
    }

    fn store(&self) -> PathBuf {
        self.home.folder.join(STORE)
    }

    fn configuration(&self, record: &Record) -> String {
        format!(
            "server_name: {name}\nhost: 127.0.0.1\nport: {port}\npid_file: {pid_file}\n\
             jetstream {{ store_dir: {store}, max_mem: 256MB, max_file: 16GB }}\n\
             authorization {{ user: {USER}, password: {password} }}\n",
            name = quoted(&record.name),
            port = record.port,
            pid_file = quoted(&pid_file(&self.home.folder).to_string_lossy()),
            store = quoted(&self.store().to_string_lossy()),
            password = quoted(&record.password),
        )
    }
}

impl Server for Broker {
    const NAME: &'static str = "NATS";
    const STOP: &'static [(Signal, Duration)] =
        &[(Signal::SIGTERM, Duration::from_secs(10)), (Signal::SIGKILL, Duration::from_secs(5))];

    fn folder(&self) -> &Path {
        &self.home.folder
    }

    fn pid(&self) -> Option<u32> {
        live(&self.home.folder)
    }

    fn mark(&self) -> PathBuf {
        configuration_file(&self.home.folder)
    }

    fn sight(&self) -> Sight {
        match self.pid() {
            None => Sight::Absent,
            Some(_) if Record::read(&self.home.folder).is_some_and(|record| record.answers()) => Sight::Ready,
            Some(_) => Sight::Busy,
        }
    }

    fn prepare(&self) -> Result<Command, EmbeddedError> {
        let installed = self.installed()?;
        self.home.private_folder(&self.store())?;
        let record = Record::renewed(&self.home.folder)?;
        let path = configuration_file(&self.home.folder);
        write_privately(&path, &self.configuration(&record)).map_err(file_error("writing", &path))?;
        self.home.give(&path)?;
        let mut command = self.home.command(&installed.path);
        command.arg("--config").arg(path);
        Ok(command)
    }

    fn may_retry(&self, log: &str) -> bool {
        log.contains("address already in use")
    }
}

/// The process of the private nats-server that runs in `folder` now, if one does.
pub fn running(folder: &Path) -> Option<u32> {
    live(&fs::canonicalize(folder).ok()?)
}

fn live(folder: &Path) -> Option<u32> {
    let pid = fs::read_to_string(pid_file(folder)).ok()?.trim().parse().ok()?;
    (holder(pid, &configuration_file(folder)) == Holder::Server).then_some(pid)
}

/// The server writes it as its own user, so it lies in a folder of that user's.
fn pid_file(folder: &Path) -> PathBuf {
    folder.join(STORE).join("nats.pid")
}

fn configuration_file(folder: &Path) -> PathBuf {
    folder.join("nats.conf")
}

/// A text for nats-server's configuration, where a bare word may be a number or a variable.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
