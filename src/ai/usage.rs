//! What a call used, as the provider said, or why that is not known.

use serde::{Deserialize, Serialize};

use super::cost::Cost;

/// What the provider says that a call used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: u64,
    /// Tokens of the answer, those of reasoning included.
    pub output_tokens: u64,
    /// Tokens of the prompt that the provider still had; absent where it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// Tokens of the answer that were reasoning; absent where it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// What the provider charges for it; absent where it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_cost: Option<Cost>,
}

impl Usage {
    /// Tokens in and out.
    pub const fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// Why nobody knows what a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownUsage {
    /// The provider answered and did not say.
    NotStated,
    /// The answer ended before the provider said it.
    NotFinished,
    /// No provider took the call.
    NotAccepted,
}

/// What a call used, or why that is not known. It is never estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known", rename_all = "snake_case")]
pub enum UsageFact {
    /// The provider's own figures.
    Stated(Usage),
    /// Nobody knows.
    Unknown {
        /// Why.
        because: UnknownUsage,
    },
}

impl UsageFact {
    /// The provider's figures, if there are any.
    pub const fn stated(&self) -> Option<&Usage> {
        match self {
            Self::Stated(usage) => Some(usage),
            Self::Unknown { .. } => None,
        }
    }
}
