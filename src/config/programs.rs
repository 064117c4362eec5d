//! Section `programs`.

use serde::{Deserialize, Serialize};

/// Where to look for `postgres`, `initdb` and `nats-server`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProgramsConfig {
    /// Folders searched first, separated by colons. Default: the `PATH` of the environment.
    pub path: String,
    /// Folders searched next, where packages put servers that are not on the `PATH`. A `*` stands for any part of one
    /// folder's name.
    pub places: Vec<String>,
}

impl Default for ProgramsConfig {
    fn default() -> Self {
        let places = [
            "/usr/lib/postgresql/*/bin",
            "/usr/pgsql-*/bin",
            "/usr/local/pgsql/bin",
            "/opt/homebrew/opt/postgresql@*/bin",
            "/usr/local/opt/postgresql@*/bin",
            "/opt/homebrew/bin",
            "/usr/local/bin",
            "/usr/local/sbin",
            "/usr/bin",
            "/usr/sbin",
        ];
        Self { path: String::new(), places: places.map(str::to_owned).to_vec() }
    }
}
