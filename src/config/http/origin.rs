//! The origin of a web page.

use std::fmt;
use std::str::FromStr;

use axum::http::{HeaderValue, Uri};
use serde::{Deserialize, Serialize};

/// Scheme, host and port of a web page, as browsers send it: `https://deck.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// The text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is scheme, host and port in small letters, such as https://deck.example.com, and never *")]
pub struct InvalidOrigin;

impl Origin {
    /// As the value of the header `Origin`.
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin)?;
        let whole = match (uri.scheme_str(), uri.authority()) {
            (Some(scheme @ ("http" | "https")), Some(authority)) => format!("{scheme}://{authority}"),
            _ => return Err(InvalidOrigin),
        };
        // A path, a slash at the end or a capital letter would never be equal to what a browser sends.
        let usual = whole == text && text == text.to_lowercase() && !text.contains(['@', '*']);
        if usual { Ok(Self(text.to_owned())) } else { Err(InvalidOrigin) }
    }
}

impl TryFrom<String> for Origin {
    type Error = InvalidOrigin;

    fn try_from(text: String) -> Result<Self, InvalidOrigin> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for text in ["https://deck.example.com", "http://localhost:5173", "http://[::1]:80"] {
            assert_eq!(text.parse::<Origin>().map(String::from).as_deref(), Ok(text));
        }
        for text in
            ["*", "null", "https://*.example.com", "https://a.b/", "https://A.b", "a.b", "ftp://a.b", ""]
        {
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin), "{text}");
        }
    }
}
