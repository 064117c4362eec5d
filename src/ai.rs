//! AI providers: who answers prompts, over which wire form, at which price, within which budget.
//!
//! [`AiModels`] is what others use: it finds the provider of a model, settles its parameters, refuses what a budget does
//! not allow, and makes a [`ModelCall`], which repeats what may be repeated and ends with a [`CallReport`]. Below it,
//! a [`Provider`] answers one request once; [`scripted`] is a server that plays one.

mod account;
pub mod budget;
mod call;
mod call_report;
mod catalogue;
mod chat_completions;
mod classify;
mod cost;
mod error;
mod family;
mod message;
mod models;
mod parameters;
mod prices;
mod provider;
mod responses;
mod retry;
pub mod scripted;
mod settle;
mod transport;
mod usage;

pub use call::{CallEvent, CallLimits, ModelCall};
pub use call_report::{Attempt, CallReport, Ending};
pub use catalogue::{AvailableModel, AvailableModels, MODELS_MAX, ModelSource};
pub use cost::{Cost, CostFact, InvalidCost, UnknownCost};
pub use error::ProviderError;
pub use family::{Family, ModelType};
pub use message::{Message, OutputForm, Prompt, Tool, ToolCall, ToolChoice, UnreadableArguments};
pub use models::{AiModels, AiSetupError, CallRefused, CallTerms, Health};
pub use parameters::{Domain, Effort, OUTPUT_TOKENS_MAX, ParameterName, Parameters, Verbosity};
pub use prices::{LongPromptPrice, Price, PriceTable};
pub use provider::{Delta, Deltas, Dialect, FinishReason, ListedModel, Provider, Request};
pub use retry::RetryPolicy;
pub use settle::{Adjustment, AdjustmentReason, Settled, settle};
pub use usage::{UnknownUsage, Usage, UsageFact};
