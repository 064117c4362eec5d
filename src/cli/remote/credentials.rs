//! `credentials.toml`: the sessions of whoever logged in, readable by nobody else.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::SecretText;

const FILE: &str = "credentials.toml";
const LOCK: &str = "credentials.lock";

/// The file, which need not exist.
#[derive(Debug, Clone)]
pub struct Credentials {
    folder: PathBuf,
}

/// The file while no other process reads or writes it.
#[derive(Debug)]
pub struct Locked<'a> {
    credentials: &'a Credentials,
    _lock: File,
}

/// A session at a server.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who logged in.
    pub email: String,
    /// Sent with requests.
    pub access_token: SecretText,
    /// When it ends (UTC).
    pub access_expires_at: Timestamp,
    /// Exchanged for the next pair, once.
    pub refresh_token: SecretText,
}

/// The file's content.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// The server that somebody last logged in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    #[serde(default)]
    sessions: BTreeMap<String, KeptSession>,
}

#[derive(Serialize, Deserialize)]
struct KeptSession {
    email: String,
    access_token: String,
    access_expires_at: Timestamp,
    refresh_token: String,
}

impl Session {
    /// Of what signing in or refreshing answered.
    pub fn of(email: &str, answer: &Value) -> anyhow::Result<Self> {
        let text = |name: &str| {
            let found = answer.get(name).and_then(Value::as_str);
            found.with_context(|| format!("the server's answer holds no {name}"))
        };
        let valid_s = answer.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
        Ok(Self {
            email: email.to_owned(),
            access_token: SecretText::new(text("access_token")?),
            access_expires_at: ::events::time::now() + SignedDuration::from_secs(valid_s),
            refresh_token: SecretText::new(text("refresh_token")?),
        })
    }
}

impl Credentials {
    /// The file in `folder`.
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The server that somebody last logged in to.
    pub fn last(&self) -> anyhow::Result<Option<String>> {
        Ok(self.read()?.last)
    }

    /// Waits until no other process uses the file.
    pub fn lock(&self) -> anyhow::Result<Locked<'_>> {
        let folder = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        folder.with_context(|| format!("the folder {} cannot be made", self.folder.display()))?;
        let lock = private().open(self.folder.join(LOCK)).and_then(|file| file.lock().map(|()| file));
        let lock = lock.with_context(|| format!("{} cannot be locked", self.path().display()))?;
        Ok(Locked { credentials: self, _lock: lock })
    }

    fn read(&self) -> anyhow::Result<Kept> {
        match fs::read_to_string(self.path()) {
            // What is wrong with it is not shown: the text around it is secret.
            Ok(text) => toml::from_str(&text).map_err(|_| {
                anyhow::anyhow!("{} cannot be understood; delete it and log in", self.path().display())
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", self.path().display())),
        }
    }

    fn write(&self, kept: &Kept) -> anyhow::Result<()> {
        let text = toml::to_string(kept)?;
        // Readers see the old file or the new one, never half of it.
        let next = self.folder.join(format!("{FILE}.next"));
        let mut file = private().truncate(true).open(&next)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, self.path())?;
        Ok(())
    }
}

impl Locked<'_> {
    /// The session at a server.
    pub fn session(&self, server: &str) -> anyhow::Result<Option<Session>> {
        let kept = self.credentials.read()?.sessions.remove(server);
        Ok(kept.map(|kept| Session {
            email: kept.email,
            access_token: SecretText::new(kept.access_token),
            access_expires_at: kept.access_expires_at,
            refresh_token: SecretText::new(kept.refresh_token),
        }))
    }

    /// Keeps a session in the place of the one before, and the server as the last one.
    pub fn keep(&self, server: &str, session: &Session) -> anyhow::Result<()> {
        let mut kept = self.credentials.read()?;
        kept.last = Some(server.to_owned());
        let session = KeptSession {
            email: session.email.clone(),
            access_token: session.access_token.expose().to_owned(),
            access_expires_at: session.access_expires_at,
            refresh_token: session.refresh_token.expose().to_owned(),
        };
        kept.sessions.insert(server.to_owned(), session);
        self.store(&kept)
    }

    /// Forgets the session at a server; tells whether there was one.
    pub fn forget(&self, server: &str) -> anyhow::Result<bool> {
        let mut kept = self.credentials.read()?;
        kept.last = kept.last.filter(|last| last != server);
        let found = kept.sessions.remove(server).is_some();
        self.store(&kept)?;
        Ok(found)
    }

    fn store(&self, kept: &Kept) -> anyhow::Result<()> {
        let written = self.credentials.write(kept);
        written.with_context(|| format!("{} cannot be written", self.credentials.path().display()))
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}
