//! What is to be recorded of a call, however it ended.

use std::time::Duration;

use serde::Serialize;

use super::budget::Charge;
use super::cost::CostFact;
use super::error::ProviderError;
use super::message::{Message, ToolCall};
use super::parameters::Parameters;
use super::provider::FinishReason;
use super::settle::Adjustment;
use super::usage::UsageFact;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "ending", content = "because", rename_all = "snake_case")]
pub enum Ending {
    /// With an answer.
    Finished(FinishReason),
    /// Without one, or with a part of one.
    Failed(ProviderError),
    /// The caller did not want the rest.
    Cancelled,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// The provider asked.
    pub provider: String,
    /// The model asked, as it is called there.
    pub model: String,
    /// Why it brought no answer; absent for the attempt that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<ProviderError>,
}

/// What is to be recorded of a call, however it ended. No part of it is secret, unless the prompt was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallReport {
    /// The provider of the last attempt.
    pub provider: String,
    /// The model asked in the last attempt, as it is called there.
    pub model_asked: String,
    /// The model that answered, in the provider's words; absent where it did not say.
    pub model_used: Option<String>,
    /// Whether that was the fallback model.
    pub fallback_used: bool,
    /// The provider's name for the answer.
    pub response_id: Option<String>,
    /// What the model was told about how to answer.
    pub parameters: Parameters,
    /// What it was told otherwise than was wished.
    pub adjustments: Vec<Adjustment>,
    /// [`Prompt::hash`](super::Prompt::hash).
    pub prompt_hash: String,
    /// The names of the tools it was offered.
    pub tools: Vec<String>,
    /// The text, as far as it came.
    pub text: String,
    /// What it showed of its thinking, as far as it came.
    pub reasoning: String,
    /// The calls of tools. Only complete ones are here.
    pub tool_calls: Vec<ToolCall>,
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// What the last attempt that a provider took used.
    pub usage: UsageFact,
    /// What that attempt cost.
    pub cost: CostFact,
    /// What all attempts together add to budgets.
    pub charge: Charge,
    /// The attempts, the last one included.
    pub attempts: Vec<Attempt>,
    /// From the call to the first token, milliseconds; absent without one.
    pub first_token_ms: Option<u64>,
    /// From the call to its end, milliseconds.
    pub total_ms: u64,
}

impl CallReport {
    /// The answer as a message of the conversation; none without an answer.
    pub fn message(&self) -> Option<Message> {
        match self.ending {
            Ending::Finished(_) => {
                Some(Message::Assistant { text: self.text.clone(), tool_calls: self.tool_calls.clone() })
            }
            Ending::Failed(_) | Ending::Cancelled => None,
        }
    }

    /// Why there is no complete answer.
    pub const fn failure(&self) -> Option<&ProviderError> {
        match &self.ending {
            Ending::Failed(failure) => Some(failure),
            Ending::Finished(_) | Ending::Cancelled => None,
        }
    }
}

/// Whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
