//! The keys that sign access tokens: configured, or made and kept in the data folder and replaced from time to time.
//!
//! The newest key signs; the ones before it verify until the tokens that they signed have expired.

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

use crate::config::SecretText;

/// A process looks for keys that another one made at least so often while it signs.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Tokens with unknown keys make a process look at most so often…
const MISSES_MAX: u32 = 5;
/// …in so long.
const MISSES_SPAN: SignedDuration = SignedDuration::from_secs(1);
/// How long a replaced key is accepted beyond the life of its last token: until every process has seen its successor.
const OVERLAP: SignedDuration = SignedDuration::from_secs(120);

/// How a key ends.
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// A key with its name.
#[derive(Clone)]
pub struct NamedKey {
    /// Its name in the header of tokens: it follows from the public key.
    pub kid: String,
    made_at: Timestamp,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
}

impl fmt::Debug for NamedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NamedKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Why there is no key to sign or verify with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The folder of keys cannot be used.
    #[error("{operation} {} failed", path.display())]
    File {
        /// What was attempted.
        operation: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A configured key, or one in the folder, is none.
    #[error("{place} is not an Ed25519 key in PEM (PKCS#8)")]
    NotAKey {
        /// Where it stands.
        place: String,
    },
    /// The work on a thread of its own did not come back.
    #[error("loading the keys was interrupted")]
    Interrupted,
}

/// The keys in force.
pub struct Keyring {
    home: Home,
    held: RwLock<Held>,
    looking: Mutex<()>,
}

enum Home {
    Configured,
    Folder { path: PathBuf, replace_after: SignedDuration, retire_after: SignedDuration },
}

#[derive(Clone, Default)]
struct Held {
    /// The first one signs.
    keys: Arc<[NamedKey]>,
    looked_at: Option<Timestamp>,
    /// Since when, and how often, it has looked because of a key that it did not know.
    misses: Option<(Timestamp, u32)>,
}

impl Held {
    /// The misses that count now, and since when.
    fn misses_at(&self, now: Timestamp) -> (Timestamp, u32) {
        match self.misses {
            Some((since, misses)) if now.duration_since(since) < MISSES_SPAN => (since, misses),
            Some(_) | None => (now, 0),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keyring").finish_non_exhaustive()
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl Keyring {
    /// Keys from the configuration, one after another: the first signs, all verify.
    pub fn configured(keys: &SecretText) -> Result<Self, KeyError> {
        let place = || "identity.signing_keys".to_owned();
        let blocks = keys.expose().split_inclusive(PEM_END).filter(|block| !block.trim().is_empty());
        let keys = blocks.map(|pem| NamedKey::of(pem, Timestamp::MIN, place));
        let keys: Arc<[NamedKey]> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(KeyError::NotAKey { place: place() });
        }
        let held = RwLock::new(Held { keys, ..Held::default() });
        Ok(Self { home: Home::Configured, held, looking: Mutex::default() })
    }

    /// Keys in a folder, which is looked at when the first one is needed. A key is replaced after `key_lifetime`, and
    /// accepted until the tokens that it signed have ended, each after `token_lifetime` at most.
    pub fn in_folder(path: &Path, key_lifetime: Duration, token_lifetime: Duration) -> Self {
        let home = Home::Folder {
            path: path.to_owned(),
            replace_after: signed(key_lifetime),
            retire_after: signed(token_lifetime).saturating_add(OVERLAP),
        };
        Self { home, held: RwLock::default(), looking: Mutex::default() }
    }

    /// The key that signs now.
    pub async fn signing(self: &Arc<Self>, now: Timestamp) -> Result<NamedKey, KeyError> {
        let held = self.held();
        let fresh = held.looked_at.is_some_and(|at| now.duration_since(at) < LOOK_EVERY);
        match held.keys.first() {
            Some(key) if fresh || matches!(self.home, Home::Configured) => Ok(key.clone()),
            Some(_) | None => {
                let keys = self.look(now, Purpose::Sign).await?;
                keys.first().cloned().ok_or(KeyError::Interrupted)
            }
        }
    }

    /// The key of this name, while it is accepted.
    pub async fn verifying(
        self: &Arc<Self>,
        kid: &str,
        now: Timestamp,
    ) -> Result<Option<NamedKey>, KeyError> {
        let found = |keys: &[NamedKey]| keys.iter().find(|key| key.kid == kid).cloned();
        let held = self.held();
        if matches!(self.home, Home::Configured) {
            return Ok(found(&held.keys));
        }
        let is_fresh = held.looked_at.is_some_and(|at| now.duration_since(at) < LOOK_EVERY);
        match found(&held.keys) {
            Some(key) if is_fresh => Ok(Some(key)),
            Some(_) => Ok(found(&self.look(now, Purpose::Verify).await?)),
            None if held.misses_at(now).1 >= MISSES_MAX => Ok(None),
            None => Ok(found(&self.look(now, Purpose::Find).await?)),
        }
    }

    /// Makes a new key that signs from now on; configured keys are replaced in the configuration only.
    pub async fn replace(self: &Arc<Self>, now: Timestamp) -> Result<(), KeyError> {
        self.look(now, Purpose::Replace).await.map(drop)
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the folder on a thread that may block.
    async fn look(self: &Arc<Self>, now: Timestamp, purpose: Purpose) -> Result<Arc<[NamedKey]>, KeyError> {
        let keyring = self.clone();
        let looking = tokio::task::spawn_blocking(move || keyring.look_blocking(now, purpose));
        looking.await.map_err(|_| KeyError::Interrupted)?
    }

    fn look_blocking(&self, now: Timestamp, purpose: Purpose) -> Result<Arc<[NamedKey]>, KeyError> {
        let Home::Folder { path, replace_after, retire_after } = &self.home else {
            return Ok(self.held().keys);
        };
        // One at a time, so that one process makes one key; who only wants to know goes on with what is held.
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = stored(path)?;
        let due = |newest: &NamedKey| now.duration_since(newest.made_at) >= *replace_after;
        let wanted = match purpose {
            Purpose::Sign => found.first().is_none_or(due),
            Purpose::Verify | Purpose::Find => false,
            Purpose::Replace => true,
        };
        if wanted {
            found.insert(0, make(path, now)?);
        }
        // A key is accepted so long after its successor was made.
        let successors: Vec<Timestamp> = found.iter().map(|key| key.made_at).collect();
        let is_accepted = |successor: &Timestamp| now.duration_since(*successor) < *retire_after;
        let accepted = 1 + successors.iter().take_while(|made_at| is_accepted(made_at)).count();
        for retired in found.iter().skip(accepted) {
            let file = path.join(file_name(retired));
            if let Err(error) = fs::remove_file(&file) {
                tracing::warn!(%error, "The retired key {} cannot be removed: {error}", file.display());
            }
        }
        found.truncate(accepted);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let misses = match purpose {
            Purpose::Find => {
                let (since, misses) = held.misses_at(now);
                Some((since, misses + 1))
            }
            Purpose::Sign | Purpose::Verify | Purpose::Replace => held.misses,
        };
        *held = Held { keys: found.into(), looked_at: Some(now), misses };
        Ok(held.keys.clone())
    }
}

/// What the folder is looked at for.
#[derive(Clone, Copy)]
enum Purpose {
    /// A key to sign with; one is made where there is none, or it is due.
    Sign,
    /// Whether a known key is still accepted.
    Verify,
    /// A key that this process does not know.
    Find,
    /// Another key to sign with.
    Replace,
}

impl NamedKey {
    fn of(pem: &str, made_at: Timestamp, place: impl FnOnce() -> String) -> Result<Self, KeyError> {
        match SigningKey::from_pkcs8_pem(pem.trim()) {
            Ok(key) => Self::named(&key, made_at).ok_or_else(|| KeyError::NotAKey { place: place() }),
            Err(_) => Err(KeyError::NotAKey { place: place() }),
        }
    }

    fn named(key: &SigningKey, made_at: Timestamp) -> Option<Self> {
        let public = key.verifying_key();
        let digest = Sha256::digest(public.as_bytes());
        let kid = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let der = key.to_pkcs8_der().ok()?;
        let encoding = EncodingKey::from_ed_der(der.as_bytes());
        Some(Self { kid, made_at, encoding, decoding: DecodingKey::from_ed_der(public.as_bytes()) })
    }
}

/// `<milliseconds since 1970>-<kid>.pem`, so that names sort by age.
fn file_name(key: &NamedKey) -> String {
    format!("{:015}-{}.pem", key.made_at.as_millisecond(), key.kid)
}

fn failing(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    move |source| KeyError::File { operation, path: path.to_owned(), source }
}

/// The keys of the folder, the newest first.
fn stored(folder: &Path) -> Result<Vec<NamedKey>, KeyError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failing("reading", folder)(error)),
    };
    let mut keys = Vec::new();
    for entry in entries {
        let path = entry.map_err(failing("reading", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let made_at = name
            .strip_suffix(".pem")
            .and_then(|name| name.split_once('-'))
            .and_then(|(millis, _)| Timestamp::from_millisecond(millis.parse().ok()?).ok());
        let Some(made_at) = made_at else { continue };
        let pem = SecretText::new(fs::read_to_string(&path).map_err(failing("reading", &path))?);
        keys.push(NamedKey::of(pem.expose(), made_at, || path.display().to_string())?);
    }
    keys.sort_by(|one, other| (other.made_at, &other.kid).cmp(&(one.made_at, &one.kid)));
    Ok(keys)
}

/// Makes a key and keeps it where only this user can read it.
fn make(folder: &Path, now: Timestamp) -> Result<NamedKey, KeyError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failing("creating the folder", folder))?;
    let key = SigningKey::from_bytes(&rand::random());
    let not_a_key = || KeyError::NotAKey { place: "a key that was just made".to_owned() };
    let named = NamedKey::named(&key, now).ok_or_else(not_a_key)?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| not_a_key())?;
    let path = folder.join(file_name(&named));
    let unfinished = path.with_extension("unfinished");
    let written = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, &path));
    written.map_err(failing("writing", &path))?;
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[tokio::test]
    async fn a_key_is_replaced_in_time_and_accepted_until_its_tokens_have_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        // Replaced after 100 minutes; tokens live for 30.
        let keyring = Arc::new(Keyring::in_folder(&path, 100 * MINUTE, 30 * MINUTE));
        let first = keyring.signing(at(0)).await.unwrap();
        assert_eq!(keyring.signing(at(99)).await.unwrap().kid, first.kid);
        let second = keyring.signing(at(100)).await.unwrap();
        assert_ne!(second.kid, first.kid);
        assert_eq!(files(&path), 2);
        assert!(keyring.verifying(&first.kid, at(131)).await.unwrap().is_some());
        // Another process finds what this one made, and retires what is due.
        let other = Arc::new(Keyring::in_folder(&path, 100 * MINUTE, 30 * MINUTE));
        assert_eq!(other.signing(at(101)).await.unwrap().kid, second.kid);
        assert!(other.verifying(&first.kid, at(133)).await.unwrap().is_none());
        assert!(keyring.verifying(&first.kid, at(133)).await.unwrap().is_none());
        assert!(keyring.verifying(&second.kid, at(133)).await.unwrap().is_some());
        assert_eq!(files(&path), 1);
    }

    #[tokio::test]
    async fn a_key_that_nobody_has_is_not_looked_for_all_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keyring = Arc::new(Keyring::in_folder(&path, MINUTE, MINUTE));
        for _ in 0..MISSES_MAX {
            assert!(keyring.verifying("nobody's", at(0)).await.unwrap().is_none());
        }
        let made = make(&path, at(0)).unwrap();
        assert!(keyring.verifying(&made.kid, at(0)).await.unwrap().is_none());
        assert!(keyring.verifying(&made.kid, at(1)).await.unwrap().is_some());
    }

    #[test]
    fn what_is_no_key_is_told_by_its_place_and_not_by_its_text() {
        let error = Keyring::configured(&SecretText::new("hunter2")).unwrap_err().to_string();
        assert_eq!(error, "identity.signing_keys is not an Ed25519 key in PEM (PKCS#8)");
    }
}
