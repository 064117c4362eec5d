//! Texts that are secret through and through, such as keys.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// A secret. Printing and serializing show that there is one, and nothing of it; [`SecretText::expose`] does not hide it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

const MASK: &str = "***";

impl SecretText {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret, to be used and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)? {
            text if text.trim().is_empty() => Err(de::Error::custom("a secret cannot be empty")),
            text => Ok(Self::new(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SecretText;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = SecretText::new("hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_value(&secret).unwrap(), "***");
        assert_eq!(secret.expose(), "hunter2");
    }
}
