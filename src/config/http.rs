//! Section `http`.

mod origin;
mod rates;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use origin::{InvalidOrigin, Origin};
pub use rates::RatesConfig;

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
    /// Milliseconds within which a body must have arrived, default 15,000; a slower one is answered with 408.
    pub body_timeout_ms: u64,
    /// Milliseconds within which the head of a request must have arrived, default 15,000; a slower connection is closed.
    pub header_timeout_ms: u64,
    /// Most bytes of all header names and values together, default 16 KiB; more is answered with 431.
    pub header_bytes_max: usize,
    /// Most headers, default 100; more is answered with 431.
    pub headers_max: usize,
    /// Longest query in bytes, default 8 KiB; a longer one is answered with 414.
    pub query_bytes_max: usize,
    /// Longest file of prices that is uploaded, in bytes, default 256 MiB; a longer one is answered with 413.
    pub import_bytes_max: usize,
    /// Deepest nesting of objects and lists in a JSON body, default 32; a deeper one is answered with 422.
    pub json_depth_max: usize,
    /// Origins whose pages may call the API with cookies, such as `https://deck.example.com`; default none.
    pub cors_origins: Vec<Origin>,
    /// Networks of reverse proxies, such as `10.0.0.0/8`, whose `X-Forwarded-For` is believed; default none.
    pub trusted_proxies: Vec<IpNet>,
    /// Clients reach the API through TLS, which something before it ends; default false. Browsers are then told to
    /// use nothing else for a year.
    pub behind_tls: bool,
    /// How much each client may ask.
    pub rates: RatesConfig,
}

impl HttpConfig {
    /// `request_timeout_ms` as a duration.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// `body_timeout_ms` as a duration.
    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// `header_timeout_ms` as a duration.
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8700)),
            body_limit_bytes: 1024 * 1024,
            request_timeout_ms: 30_000,
            body_timeout_ms: 15_000,
            header_timeout_ms: 15_000,
            header_bytes_max: 16 * 1024,
            headers_max: 100,
            query_bytes_max: 8 * 1024,
            import_bytes_max: 256 * 1024 * 1024,
            json_depth_max: 32,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            behind_tls: false,
            rates: RatesConfig::default(),
        }
    }
}
