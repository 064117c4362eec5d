//! A provider: answers one request once. Repeating, budgets and deadlines are above it, in [`AiModels`](super::AiModels).

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cost::Cost;
use super::error::ProviderError;
use super::message::{Prompt, ToolCall};
use super::parameters::Parameters;
use super::transport::{self, Address};
use super::usage::Usage;
use super::{chat_completions, responses};
use crate::config::{AiApi, BaseUrl, SecretText};

/// What one provider is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The model, as the provider names it.
    pub model: String,
    /// What it is asked.
    pub prompt: Prompt,
    /// How it is to answer: only what the provider takes.
    pub parameters: Parameters,
}

/// A part of an answer. A stream that ends well ends with [`Delta::Finished`], and has at most one [`Delta::Usage`].
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// The provider took the request.
    Accepted {
        /// Its name for the answer.
        response_id: Option<String>,
        /// The model that answers, as the provider names it.
        model: Option<String>,
    },
    /// More of the text.
    Text(String),
    /// More of the summary of what it thinks, where the provider shows one.
    Reasoning(String),
    /// More of what is told once it is complete, such as the arguments of a tool; or a sign that the provider goes on.
    Progress {
        /// Bytes of it.
        bytes: usize,
    },
    /// A call of a tool, complete.
    ToolCall(ToolCall),
    /// What the answer used.
    Usage(Usage),
    /// The answer is over.
    Finished(FinishReason),
}

/// Why an answer is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model has said everything.
    Stop,
    /// It is as long as it may be.
    Length,
    /// The model waits for results of tools.
    ToolCalls,
    /// The provider filtered the rest.
    ContentFilter,
    /// The provider's word for something else.
    Other(String),
}

/// An answer as it arrives. Dropping it closes the connection.
pub type Deltas = BoxStream<'static, Result<Delta, ProviderError>>;

/// What a provider takes and how it calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Chat Completions at OpenRouter.
    OpenRouter,
    /// Chat Completions at OpenAI.
    OpenAi,
    /// Chat Completions anywhere else.
    Compatible,
    /// The Responses API.
    Responses,
}

/// A model that a provider lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// Its name there.
    pub id: String,
    /// For people.
    pub name: Option<String>,
    /// Longest prompt and answer together, in tokens.
    pub context_tokens: Option<u64>,
    /// Dollars for a million tokens of prompts.
    pub input_per_million: Option<Cost>,
    /// Dollars for a million tokens of answers.
    pub output_per_million: Option<Cost>,
    /// Whether it answers with text, as far as the provider says.
    pub writes_text: bool,
}

/// Answers prompts. One attempt: whoever calls it decides whether to repeat.
pub trait Provider: fmt::Debug + Send + Sync {
    /// What it is called in the configuration.
    fn name(&self) -> &str;

    /// What it takes.
    fn dialect(&self) -> Dialect;

    /// Asks it. The future ends once it took the request; the answer follows in the stream. Dropping either ends the
    /// request at once.
    fn stream(&self, request: Arc<Request>) -> BoxFuture<'static, Result<Deltas, ProviderError>>;

    /// The models it has.
    fn models(&self) -> BoxFuture<'static, Result<Vec<ListedModel>, ProviderError>>;
}

/// A provider over HTTP.
#[derive(Debug)]
pub(super) struct HttpProvider {
    pub(super) name: String,
    pub(super) api: AiApi,
    pub(super) dialect: Dialect,
    pub(super) base_url: BaseUrl,
    pub(super) key: Option<SecretText>,
    /// The variable of a key that the provider cannot do without.
    pub(super) key_variable: Option<&'static str>,
    pub(super) application_url: String,
    pub(super) http: Client,
}

impl HttpProvider {
    fn address(&self, path: &str) -> Result<Address, ProviderError> {
        if let (None, Some(variable)) = (&self.key, self.key_variable) {
            let (provider, variable) = (self.name.clone(), variable.to_owned());
            return Err(ProviderError::MissingKey { provider, variable });
        }
        Ok(Address {
            http: self.http.clone(),
            url: self.base_url.join(path),
            key: self.key.clone(),
            referer: (self.dialect == Dialect::OpenRouter).then(|| self.application_url.clone()),
        })
    }

    fn body(&self, request: &Request) -> Value {
        match self.api {
            AiApi::ChatCompletions => chat_completions::body(request, self.dialect),
            AiApi::Responses => responses::body(request),
        }
    }
}

impl Provider for HttpProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn stream(&self, request: Arc<Request>) -> BoxFuture<'static, Result<Deltas, ProviderError>> {
        let (path, body) = match self.api {
            AiApi::ChatCompletions => ("chat/completions", self.body(&request)),
            AiApi::Responses => ("responses", self.body(&request)),
        };
        let (address, api) = (self.address(path), self.api);
        Box::pin(async move {
            let address = address?;
            let key = address.key.clone();
            match api {
                AiApi::ChatCompletions => {
                    transport::stream(address, body, chat_completions::Decoder::new(key)).await
                }
                AiApi::Responses => transport::stream(address, body, responses::Decoder::new(key)).await,
            }
        })
    }

    fn models(&self) -> BoxFuture<'static, Result<Vec<ListedModel>, ProviderError>> {
        let address = self.address("models");
        Box::pin(async move { transport::list_models(address?).await })
    }
}
