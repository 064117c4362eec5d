//! Examines what tapedeck needs before it needs it, and says what to type where something is missing.
//!
//! It looks and changes nothing: no server is started, no folder made.

mod ai;
mod data_folder;
mod programs;
mod reachable;
mod render;

use serde::Serialize;

use crate::config::{Config, Setting};

/// What the examination found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Each thing looked at.
    pub checks: Vec<Check>,
    /// The configuration in force, secrets masked, with the source of each value.
    pub settings: Vec<Setting>,
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it stands.
    pub status: Status,
    /// What is there.
    pub found: String,
    /// What to do about it, unless it is fine.
    pub advice: Option<String>,
}

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// tapedeck works, with a limitation.
    Warning,
    /// tapedeck will not start.
    Failed,
}

/// Examines this machine with this configuration.
pub async fn examine(config: &Config) -> Report {
    let (database, nats, inside, ai) = tokio::join!(
        reachable::database(config),
        reachable::nats(config),
        reachable::inside(config),
        ai::providers(&config.ai)
    );
    let local = [programs::postgres(config), programs::nats(config), programs::server_user(config)];
    let folder =
        [data_folder::writable(config), data_folder::free_space(config), data_folder::servers(config)];
    let given = database.into_iter().chain(nats).chain(inside).chain(ai);
    let checks = local.into_iter().chain(folder).flatten().chain(given).collect();
    Report { checks, settings: config.provenance().to_vec() }
}

impl Report {
    /// The worst of all checks.
    pub fn status(&self) -> Status {
        self.checks.iter().map(|check| check.status).max().unwrap_or(Status::Ok)
    }

    /// The report for people.
    pub fn render(&self) -> String {
        render::text(self)
    }
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, found: found.into(), advice: None }
    }

    fn warning(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, status: Status::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    fn failed(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, status: Status::Failed, found: found.into(), advice: Some(advice.into()) }
    }
}
