//! The name of a model in addresses, made of its name for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A model's name in addresses: lower case, unique among the models of its owner, never changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(String);

impl Signature {
    /// The signature of a model named `name`; `suffix` keeps apart models whose names differ in what it drops.
    pub fn of(name: &str, suffix: Option<u32>) -> Self {
        let base = signature_base(name);
        Self(match suffix {
            Some(number) => format!("{base}-{number}"),
            None => base,
        })
    }

    /// The signature as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// Lower case; word characters stay, runs of whitespace and hyphens become one hyphen, everything else goes; `model`
/// when nothing is left.
pub fn signature_base(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    let mut gap = false;
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_whitespace() || character == '-' {
            gap = true;
        } else if character.is_alphanumeric() || character == '_' {
            if gap && !slug.is_empty() {
                slug.push('-');
            }
            gap = false;
            slug.push(character);
        }
    }
    if slug.is_empty() { "model".to_owned() } else { slug }
}
