//! Section `http`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The API's door.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port, default `127.0.0.1:8700`: this machine only. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Longest request body in bytes, default 1 MiB; a longer one is answered with 413.
    pub body_limit_bytes: usize,
    /// Milliseconds until a request that is not a stream is given up with 504, default 30,000.
    pub request_timeout_ms: u64,
}

impl HttpConfig {
    /// `request_timeout_ms` as a duration.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8700)),
            body_limit_bytes: 1024 * 1024,
            request_timeout_ms: 30_000,
        }
    }
}
