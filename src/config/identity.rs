//! Section `identity`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::SecretText;

/// Who may sign up, how passwords are kept, and how long tokens live.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityConfig {
    /// Who may sign up: `open` (anybody), `invite` (addresses on the list of invitations; the default) or `closed`.
    pub mode: SignUpMode,
    /// How passwords are hashed.
    pub argon2: Argon2Config,
    /// When failed sign-ins are slowed down.
    pub throttle: ThrottleConfig,
    /// Minutes that an access token is valid, default 30.
    pub access_token_minutes: u32,
    /// Days after which a session ends unless it is refreshed, default 30.
    pub session_days: u32,
    /// Minutes after which an impersonation ends, default 30. It cannot be prolonged.
    pub impersonation_minutes: u32,
    /// Seconds that a ticket for an event stream is valid, default 30.
    pub ticket_seconds: u32,
    /// Name of this installation in its access tokens (`iss` and `aud`), default `tapedeck`.
    pub issuer: String,
    /// Ed25519 keys that sign access tokens, as PEM (PKCS#8, from `openssl genpkey -algorithm ed25519`), one after another:
    /// the first signs, all of them verify. Default none: keys are made and kept in the data folder. Nodes with data
    /// folders of their own need the same keys here.
    pub signing_keys: Option<SecretText>,
    /// Days after which a key in the data folder is replaced, default 90. The old one verifies until its tokens have
    /// expired.
    pub key_days: u32,
}

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUpMode {
    /// Anybody; addresses on the list of invitations get the role that stands there.
    Open,
    /// Addresses on the list of invitations.
    Invite,
    /// Nobody.
    Closed,
}

/// How passwords are hashed (Argon2id). A hash made with other values is replaced at the next sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Argon2Config {
    /// Memory of one hash in KiB, default 19,456 (19 MiB).
    pub memory_kib: u32,
    /// Passes over the memory, default 2.
    pub passes: u32,
    /// Lanes, default 1.
    pub lanes: u32,
    /// Most hashes computed at once, each on a thread of its own, default 1: sign-ins then take one core at most.
    pub at_once: usize,
    /// Most sign-ins that wait for their turn, default 32; further ones are answered with 503 and `Retry-After`.
    pub waiting: usize,
}

/// When failed sign-ins are slowed down. The counters are kept in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottleConfig {
    /// Failures of one account without a delay, default 5. Each further one doubles the delay.
    pub account_free: u32,
    /// Failures from one network address without a delay, default 50.
    pub address_free: u32,
    /// First delay in seconds, default 1.
    pub first_delay_seconds: u32,
    /// Longest delay in seconds, default 900.
    pub delay_max_seconds: u32,
    /// Minutes without a failure after which all is forgotten, default 60.
    pub forget_minutes: u32,
}

impl IdentityConfig {
    /// `access_token_minutes` as a duration.
    pub fn access_token_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.access_token_minutes) * 60)
    }

    /// `session_days` as a duration.
    pub fn session_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_days) * 24 * 3_600)
    }

    /// `impersonation_minutes` as a duration.
    pub fn impersonation_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.impersonation_minutes) * 60)
    }

    /// `ticket_seconds` as a duration.
    pub fn ticket_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.ticket_seconds))
    }

    /// `key_days` as a duration.
    pub fn key_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.key_days) * 24 * 3_600)
    }
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            mode: SignUpMode::Invite,
            argon2: Argon2Config::default(),
            throttle: ThrottleConfig::default(),
            access_token_minutes: 30,
            session_days: 30,
            impersonation_minutes: 30,
            ticket_seconds: 30,
            issuer: "tapedeck".to_owned(),
            signing_keys: None,
            key_days: 90,
        }
    }
}

impl Default for Argon2Config {
    fn default() -> Self {
        // The first choice of the OWASP password storage recommendations.
        Self { memory_kib: 19_456, passes: 2, lanes: 1, at_once: 1, waiting: 32 }
    }
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            account_free: 5,
            address_free: 50,
            first_delay_seconds: 1,
            delay_max_seconds: 900,
            forget_minutes: 60,
        }
    }
}
