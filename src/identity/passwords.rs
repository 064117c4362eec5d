//! Passwords: their rules, and their hashes, which are computed on threads that may block, a few at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use events::policy::FieldError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::secrets::random;
use crate::config::{Argon2Config, SecretText};

/// Fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Most characters of a password.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Passwords that keep the other rules and are tried first by everybody, in lower case.
const COMMON: &[&str] = &[
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "aa123456",
    "aa12345678",
    "abc12345",
    "abcd1234",
    "abcdefg1",
    "access14",
    "admin123",
    "admin1234",
    "administrator1",
    "asdf1234",
    "asdfgh12",
    "ashley12",
    "baseball1",
    "batman123",
    "changeme1",
    "changeme123",
    "charlie1",
    "computer1",
    "default1",
    "dragon123",
    "football1",
    "freedom1",
    "hello123",
    "hello1234",
    "iloveyou1",
    "iloveyou2",
    "internet1",
    "jennifer1",
    "jordan23",
    "letmein1",
    "letmein123",
    "liverpool1",
    "login123",
    "master123",
    "michael1",
    "monkey123",
    "p@ssw0rd",
    "p@ssw0rd1",
    "p@ssword1",
    "pa55word",
    "pass1234",
    "passport1",
    "passw0rd",
    "passw0rd1",
    "password1",
    "password1!",
    "password12",
    "password123",
    "password1234",
    "princess1",
    "qq123456",
    "qwer1234",
    "qwerty12",
    "qwerty123",
    "qwerty1234",
    "qwertyuiop1",
    "secret123",
    "shadow123",
    "starwars1",
    "summer2024",
    "summer2025",
    "summer2026",
    "sunshine1",
    "superman1",
    "tapedeck1",
    "tapedeck123",
    "test1234",
    "trustno1",
    "welcome1",
    "welcome123",
    "whatever1",
    "winter2024",
    "winter2025",
    "winter2026",
    "zaq12wsx",
    "zxcvbnm1",
];

/// Every rule that `password` breaks, each as an error of `field`.
pub fn broken_rules(field: &str, password: &str) -> Vec<FieldError> {
    let length = password.chars().count();
    let has = |is: fn(char) -> bool| password.chars().any(is);
    let rules = [
        (length < PASSWORD_CHARS_MIN, "too_short", format!("at least {PASSWORD_CHARS_MIN} characters")),
        (length > PASSWORD_CHARS_MAX, "too_long", format!("at most {PASSWORD_CHARS_MAX} characters")),
        (!has(char::is_uppercase), "missing_upper", "at least one capital letter".to_owned()),
        (!has(char::is_lowercase), "missing_lower", "at least one small letter".to_owned()),
        (!has(char::is_numeric), "missing_digit", "at least one digit".to_owned()),
        (is_common(password), "too_common", "must not be one of the passwords tried first".to_owned()),
    ];
    let broken = rules.into_iter().filter(|(broken, ..)| *broken);
    broken.map(|(_, code, message)| FieldError::new(field, code, message)).collect()
}

fn is_common(password: &str) -> bool {
    COMMON.binary_search(&password.to_lowercase().as_str()).is_ok()
}

/// Why a password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// As many sign-ins wait as may.
    #[error("too many sign-ins are waiting")]
    Busy,
    /// The parameters in the configuration are none of Argon2.
    #[error("the parameters of Argon2 are not valid: {0}")]
    Parameters(String),
    /// Hashing failed, or its thread did not come back.
    #[error("a password could not be hashed")]
    Failed,
}

/// Whether a password is the one of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not, or there is no such hash.
    Wrong,
    /// It is.
    Right,
    /// It is, and its hash was made with other parameters than are in force.
    Outdated,
}

/// Hashes passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    waiting_max: usize,
    /// Of a password that nobody has: compared with where there is no account, which takes as long. Made with the
    /// first comparison of any kind.
    nobody: Arc<OnceLock<String>>,
}

/// The turn of one hash; given back when the hash is done.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Hasher {
    /// A hasher with these parameters.
    pub fn new(config: &Argon2Config) -> Result<Self, HashError> {
        let parameters = Params::new(config.memory_kib, config.passes, config.lanes, None)
            .map_err(|error| HashError::Parameters(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
        Ok(Self {
            argon2,
            turns: Arc::new(Semaphore::new(config.at_once)),
            waiting: Arc::default(),
            waiting_max: config.waiting,
            nobody: Arc::default(),
        })
    }

    /// Waits for a turn, unless too many wait already.
    pub async fn turn(&self) -> Result<Turn, HashError> {
        if let Ok(permit) = self.turns.clone().try_acquire_owned() {
            return Ok(Turn { _permit: permit });
        }
        let _place = Place::take(&self.waiting, self.waiting_max).ok_or(HashError::Busy)?;
        let permit = self.turns.clone().acquire_owned().await.map_err(|_| HashError::Failed)?;
        Ok(Turn { _permit: permit })
    }

    /// The hash of a password, in PHC format.
    pub async fn hash(&self, turn: Turn, password: &str) -> Result<String, HashError> {
        let (argon2, password) = (self.argon2.clone(), Zeroizing::new(password.to_owned()));
        let hashing = tokio::task::spawn_blocking(move || {
            let hashed = hash(&argon2, password.as_bytes());
            drop(turn);
            hashed
        });
        hashing.await.map_err(|_| HashError::Failed)?
    }

    /// Compares a password with a hash; without one it takes as long and is wrong.
    pub async fn verify(
        &self,
        turn: Turn,
        password: &str,
        phc: Option<&SecretText>,
    ) -> Result<Verdict, HashError> {
        let (argon2, password) = (self.argon2.clone(), Zeroizing::new(password.to_owned()));
        let (phc, nobody) = (phc.cloned(), self.nobody.clone());
        let comparing = tokio::task::spawn_blocking(move || {
            let nobody = nobody.get_or_init(|| hash(&argon2, random().as_slice()).unwrap_or_default());
            let verdict = match &phc {
                Some(phc) => compare(&argon2, password.as_bytes(), phc.expose()),
                None => {
                    // The outcome does not matter, the time that it takes does.
                    let _ = compare(&argon2, password.as_bytes(), nobody);
                    Verdict::Wrong
                }
            };
            drop(turn);
            verdict
        });
        comparing.await.map_err(|_| HashError::Failed)
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, HashError> {
    let salt: [u8; 16] = rand::random();
    let hashed = argon2.hash_password_with_salt(password, &salt).map_err(|_| HashError::Failed)?;
    Ok(hashed.to_string())
}

fn compare(argon2: &Argon2<'_>, password: &[u8], phc: &str) -> Verdict {
    let Ok(stored) = PasswordHash::new(phc) else { return Verdict::Wrong };
    // With the parameters of the stored hash, whatever is in force now.
    if argon2.verify_password(password, &stored).is_err() {
        return Verdict::Wrong;
    }
    let in_force = (argon2.params().m_cost(), argon2.params().t_cost(), argon2.params().p_cost());
    let made_with = Params::try_from(&stored).map(|made| (made.m_cost(), made.t_cost(), made.p_cost()));
    let is_id = stored.algorithm == Algorithm::Argon2id.ident();
    if is_id && made_with.is_ok_and(|made_with| made_with == in_force) {
        Verdict::Right
    } else {
        Verdict::Outdated
    }
}

/// A place in the row of those who wait; given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let fits = |now: usize| Some(now + 1).filter(|next| *next <= max);
        waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).ok()?;
        Some(Self(waiting.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Argon2Config {
        Argon2Config { memory_kib: 64, passes: 1, lanes: 1, at_once: 1, waiting: 1 }
    }

    fn codes(password: &str) -> Vec<String> {
        broken_rules("password", password).into_iter().map(|error| error.code).collect()
    }

    #[test]
    fn every_broken_rule_is_named() {
        assert_eq!(codes("short"), ["too_short", "missing_upper", "missing_digit"]);
        assert_eq!(codes("LOUD AND 1 CLEAR"), ["missing_lower"]);
        assert_eq!(codes("PassWord123"), ["too_common"]);
        assert_eq!(codes(&format!("Aa1{}", "x".repeat(126))), ["too_long"]);
        assert_eq!(codes("Grüße aus Köln 7"), Vec::<String>::new());
        assert!(COMMON.is_sorted());
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_its_age() {
        let hasher = Hasher::new(&small()).unwrap();
        let phc = hasher.hash(hasher.turn().await.unwrap(), "Correct horse 1").await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
        let phc = SecretText::new(phc);
        let newer = Hasher::new(&Argon2Config { passes: 2, ..small() }).unwrap();
        for (hasher, password, verdict) in [
            (&hasher, "Correct horse 1", Verdict::Right),
            (&hasher, "Correct horse 2", Verdict::Wrong),
            (&newer, "Correct horse 1", Verdict::Outdated),
        ] {
            let turn = hasher.turn().await.unwrap();
            assert_eq!(hasher.verify(turn, password, Some(&phc)).await.unwrap(), verdict);
        }
        let turn = hasher.turn().await.unwrap();
        assert_eq!(hasher.verify(turn, "Correct horse 1", None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn the_runtime_goes_on_while_a_password_is_hashed() {
        let hasher = Hasher::new(&Argon2Config { memory_kib: 16_384, ..small() }).unwrap();
        let turn = hasher.turn().await.unwrap();
        let hashing = hasher.hash(turn, "Correct horse 1");
        tokio::pin!(hashing);
        let mut turns = 0_u64;
        // One thread serves both: it would not come back from a hash of its own before that is done.
        while futures_util::poll!(&mut hashing).is_pending() {
            turns += 1;
            tokio::task::yield_now().await;
        }
        assert!(turns > 10, "{turns}");
    }

    #[tokio::test]
    async fn where_there_is_no_account_the_same_work_is_done() {
        let hasher = Hasher::new(&small()).unwrap();
        let turn = hasher.turn().await.unwrap();
        assert_eq!(hasher.verify(turn, "Correct horse 1", None).await.unwrap(), Verdict::Wrong);
        let nobody = PasswordHash::new(hasher.nobody.get().unwrap()).unwrap();
        let made_with = Params::try_from(&nobody).unwrap();
        assert_eq!((made_with.m_cost(), made_with.t_cost(), made_with.p_cost()), (64, 1, 1));
    }

    #[tokio::test]
    async fn those_who_find_too_many_waiting_are_turned_away() {
        let hasher = Hasher::new(&small()).unwrap();
        let turn = hasher.turn().await.unwrap();
        let waiting = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.turn().await }
        });
        while hasher.waiting.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.turn().await, Err(HashError::Busy)));
        drop(turn);
        assert!(waiting.await.unwrap().is_ok());
        assert!(hasher.turn().await.is_ok());
    }
}
