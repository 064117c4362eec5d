//! Section `telemetry`.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What the program tells about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Lowest level written to the log, or a list of `target=level`, default `info`.
    pub level: String,
    /// `text` for people (default) or `json`, a line per record, for machines.
    pub format: LogFormat,
    /// Networks that may read `/metrics`, default this machine; others get 404.
    pub metrics_from: Vec<IpNet>,
    /// Where traces are sent: the address of an OTLP collector over HTTP, such as
    /// `http://127.0.0.1:4318/v1/traces`. Default none.
    pub otlp_endpoint: Option<String>,
    /// Lowest level of the spans that are sent there, or a list of `target=level`.
    pub otlp_level: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
            metrics_from: vec![
                IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
                IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
            ],
            otlp_endpoint: None,
            otlp_level: "info,tapedeck=debug,events=debug,actors=debug,projections=debug".to_owned(),
        }
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
