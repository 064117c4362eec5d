//! Why a provider gave no answer.

use std::time::Duration;

use serde_json::{Value, json};

/// Why a provider gave no answer, or only part of one. Texts are the provider's own, shortened, keys masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or it failed on its side.
    #[error("the AI provider is not available{}: {message}", again(*retry_after))]
    Unavailable {
        /// The status it answered with, if it answered.
        status: Option<u16>,
        /// When it may be asked again, if it said so.
        retry_after: Option<Duration>,
        /// Why.
        message: String,
    },
    /// It was asked too often.
    #[error("the AI provider is asked too often{}: {message}", again(*retry_after))]
    RateLimited {
        /// When it may be asked again, if it said so.
        retry_after: Option<Duration>,
        /// Why.
        message: String,
    },
    /// What was paid for is used up.
    #[error("the quota at the AI provider is used up: {message}")]
    QuotaExceeded {
        /// Why.
        message: String,
    },
    /// It will not answer this.
    #[error("the AI provider refuses to answer: {message}")]
    Refused {
        /// Why.
        message: String,
    },
    /// The request is one that it does not take: an unknown model, a prompt that is too long.
    #[error("the AI provider does not take the request: {message}")]
    InvalidRequest {
        /// The status it answered with, if it answered before the stream.
        status: Option<u16>,
        /// Why.
        message: String,
    },
    /// It wants a key, and none is configured.
    #[error("the AI provider {provider} wants a key: set {variable}")]
    MissingKey {
        /// Its name.
        provider: String,
        /// The environment variable of the key.
        variable: String,
    },
    /// It does not take the key that is configured.
    #[error("the AI provider does not take the key: {message}")]
    KeyRejected {
        /// Why.
        message: String,
    },
    /// What it sent cannot be understood.
    #[error("the AI provider's answer cannot be understood: {message}")]
    Malformed {
        /// What is wrong with it.
        message: String,
    },
    /// The answer ended in its middle.
    #[error("the AI provider's answer was cut off: {message}")]
    Cut {
        /// How.
        message: String,
    },
    /// Nothing came for too long.
    #[error("the AI provider was silent for {} s", after.as_secs_f64())]
    Silent {
        /// How long.
        after: Duration,
    },
    /// The call, repetitions included, took too long.
    #[error("the AI provider's answer was not complete after {} s", after.as_secs_f64())]
    TooSlow {
        /// How long.
        after: Duration,
    },
    /// It ended without an answer.
    #[error("the AI provider ended without an answer: {reason}")]
    Incomplete {
        /// Why.
        reason: String,
    },
    /// The answer is longer than is kept.
    #[error("the AI provider's answer is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
}

impl ProviderError {
    /// A stable word for it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::Refused { .. } => "refused",
            Self::InvalidRequest { .. } => "invalid_request",
            Self::MissingKey { .. } => "missing_key",
            Self::KeyRejected { .. } => "key_rejected",
            Self::Malformed { .. } => "malformed",
            Self::Cut { .. } => "cut",
            Self::Silent { .. } => "silent",
            Self::TooSlow { .. } => "too_slow",
            Self::Incomplete { .. } => "incomplete",
            Self::TooLong { .. } => "too_long",
        }
    }

    /// Whether asking again may bring an answer. It is only safe while nobody has seen a part of the first.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::RateLimited { .. }
            | Self::Malformed { .. }
            | Self::Cut { .. }
            | Self::Silent { .. }
            | Self::Incomplete { .. } => true,
            Self::QuotaExceeded { .. }
            | Self::Refused { .. }
            | Self::InvalidRequest { .. }
            | Self::MissingKey { .. }
            | Self::KeyRejected { .. }
            | Self::TooSlow { .. }
            | Self::TooLong { .. } => false,
        }
    }

    /// When the provider wants to be asked again, if it said so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::RateLimited { retry_after, .. } => *retry_after,
            Self::QuotaExceeded { .. }
            | Self::Refused { .. }
            | Self::InvalidRequest { .. }
            | Self::MissingKey { .. }
            | Self::KeyRejected { .. }
            | Self::Malformed { .. }
            | Self::Cut { .. }
            | Self::Silent { .. }
            | Self::TooSlow { .. }
            | Self::Incomplete { .. }
            | Self::TooLong { .. } => None,
        }
    }

    /// For events and clients: kind and text.
    pub fn to_json(&self) -> Value {
        json!({ "kind": self.kind(), "message": self.to_string() })
    }
}

fn again(retry_after: Option<Duration>) -> String {
    retry_after
        .map_or_else(String::new, |after| format!(" and may be asked again in {} s", after.as_secs_f64()))
}

impl serde::Serialize for ProviderError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}
