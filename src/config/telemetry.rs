//! Section `telemetry`.

use serde::{Deserialize, Serialize};

/// What is written to the program's own log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Lowest level written, or a list of `target=level`, default `info`.
    pub level: String,
    /// `text` for people (default) or `json`, a line per record, for machines.
    pub format: LogFormat,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A readable line.
    Text,
    /// A JSON object per line.
    Json,
}
