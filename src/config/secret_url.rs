//! Connection URLs, which may contain a password and therefore never print one.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A connection URL. Printing and serializing mask everything that could be a secret; [`SecretUrl::expose`] does not.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

const MASK: &str = "***";

impl SecretUrl {
    /// Wraps `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL with its secrets, to connect with and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The URL for people: user names stay, passwords and tokens do not. Masks too much rather than too little.
    pub fn redacted(&self) -> String {
        if self.0.contains("://") { redact_url(&self.0) } else { redact_pairs(&self.0, ' ') }
    }
}

/// Masks from the user name to the last `@`, because a password may itself contain `@`, `/` or a comma.
fn redact_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, format!("?{}", redact_pairs(query, '&'))),
        None => (rest, String::new()),
    };
    let place = match place.rsplit_once('@') {
        // A lone name is a token to NATS, and a name to Postgres.
        Some((name, host)) if scheme.starts_with("postgres") && !name.contains(':') => {
            format!("{name}@{host}")
        }
        Some((login, host)) => match login.split_once(':') {
            Some((name, _)) => format!("{name}:{MASK}@{host}"),
            None => format!("{MASK}@{host}"),
        },
        None => place.to_owned(),
    };
    format!("{scheme}://{place}{query}")
}

/// Masks the values of `password=` and the like in a list of pairs.
fn redact_pairs(pairs: &str, separator: char) -> String {
    let masked = pairs.split(separator).map(|pair| match pair.split_once('=') {
        Some((key, _)) if key.to_lowercase().contains("pass") => format!("{key}={MASK}"),
        _ => pair.to_owned(),
    });
    masked.collect::<Vec<_>>().join(&separator.to_string())
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({})", self.redacted())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)? {
            url if url.trim().is_empty() => Err(de::Error::custom("a URL cannot be empty")),
            url => Ok(Self(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SecretUrl;

    #[test]
    fn a_printed_url_has_no_secret() {
        for (url, printed) in [
            ("postgresql://ann:pw@db/tape", "postgresql://ann:***@db/tape"),
            ("postgresql://ann:p@s/s,w@db/tape", "postgresql://ann:***@db/tape"),
            ("postgresql://ann@db/tape", "postgresql://ann@db/tape"),
            ("postgresql:///tape?host=/run&password=pw", "postgresql:///tape?host=/run&password=***"),
            ("host=/run user=ann password=pw", "host=/run user=ann password=***"),
            ("nats://token@bus:4222", "nats://***@bus:4222"),
            ("nats://ann:pw@bus:4222", "nats://ann:***@bus:4222"),
        ] {
            assert_eq!(SecretUrl::new(url).to_string(), printed);
            assert_eq!(serde_json::to_value(SecretUrl::new(url)).unwrap(), printed);
            assert!(format!("{:?}", SecretUrl::new(url)).contains(printed));
        }
    }
}
