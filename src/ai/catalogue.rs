//! Which models can be chosen: those that the configuration names, or those that providers list, the popular ones first.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::cost::Cost;
use super::error::ProviderError;
use super::models::{AiModels, Served};
use super::prices::Pricing;
use super::provider::{Dialect, ListedModel};

/// Most models of a list.
pub const MODELS_MAX: usize = 50;
/// How long a list is kept.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// How long a list is kept that some provider did not contribute to.
const KEPT_INCOMPLETE_FOR: Duration = Duration::from_secs(30);
/// What people trade with, first comes first.
const POPULAR: [&str; 10] =
    ["gpt-5", "claude", "gemini", "grok", "deepseek", "gpt", "qwen", "glm", "minimax", "llama"];
/// What OpenRouter has when it cannot be asked.
const FALLBACK: [&str; 4] =
    ["openai/gpt-5", "openai/gpt-5-mini", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-pro"];
/// Parts of the names of models that do not write text, for providers that do not say.
const NO_WRITERS: [&str; 12] = [
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "image",
    "moderation",
    "realtime",
    "transcribe",
    "audio",
    "sora",
    "rerank",
    "video",
];

/// A model that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableModel {
    /// What it is called when it is asked.
    pub id: String,
    /// For people.
    pub name: String,
    /// Who serves it.
    pub provider: String,
    /// Longest prompt and answer together, in tokens; absent where nobody says.
    pub context_tokens: Option<u64>,
    /// Dollars for a million tokens of prompts; absent where nobody knows.
    pub input_per_million: Option<Cost>,
    /// Dollars for a million tokens of answers; absent where nobody knows.
    pub output_per_million: Option<Cost>,
}

/// Where a list of models is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSource {
    /// No provider is configured.
    Nothing,
    /// The configuration names them.
    Configuration,
    /// The providers list them.
    Provider,
    /// A provider was not to be asked: what it is known to have.
    Fallback,
}

/// The models that can be chosen.
#[derive(Debug, Clone)]
pub struct AvailableModels {
    /// The first of them, [`MODELS_MAX`] at most.
    pub models: Vec<AvailableModel>,
    /// How many there are.
    pub total: usize,
    /// Where they are from.
    pub source: ModelSource,
    /// Whether the list was kept from an earlier question.
    pub cached: bool,
    /// Providers that could not be asked, and why: what the list may lack.
    pub failures: Vec<(String, ProviderError)>,
}

/// The last list.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    kept: Mutex<Option<(Instant, AvailableModels)>>,
}

impl AiModels {
    /// The models that can be chosen. Providers are asked at most every ten minutes, by one caller at a time.
    pub async fn available(&self) -> AvailableModels {
        let mut kept = self.catalogue().kept.lock().await;
        if let Some((until, list)) = kept.as_ref()
            && Instant::now() < *until
        {
            return AvailableModels { cached: true, ..list.clone() };
        }
        let list = self.gather().await;
        let lifetime = if list.failures.is_empty() { KEPT_FOR } else { KEPT_INCOMPLETE_FOR };
        *kept = Some((Instant::now() + lifetime, list.clone()));
        list
    }

    async fn gather(&self) -> AvailableModels {
        let mut gathered = AvailableModels {
            models: Vec::new(),
            total: 0,
            source: ModelSource::Nothing,
            cached: false,
            failures: Vec::new(),
        };
        for (name, served) in self.providers() {
            let (listed, source) = self.models_of(name, served, &mut gathered.failures).await;
            gathered.source = gathered.source.max(source);
            let prefix = self.default_provider().filter(|default| *default == name);
            for model in listed.into_iter().filter(|model| !served.offered.is_empty() || writes_text(model)) {
                // The default provider's need no prefix, nor do those that are known by name.
                let is_plain = prefix.is_some() || !served.offered.is_empty();
                let id = if is_plain { model.id.clone() } else { format!("{name}/{}", model.id) };
                gathered.models.push(available(id, name, &served.pricing, model));
            }
        }
        gathered.models.sort_by_key(|model| popularity(&model.id));
        gathered.total = gathered.models.len();
        gathered.models.truncate(MODELS_MAX);
        gathered
    }

    async fn models_of(
        &self,
        name: &str,
        served: &Served,
        failures: &mut Vec<(String, ProviderError)>,
    ) -> (Vec<ListedModel>, ModelSource) {
        if !served.offered.is_empty() {
            return (served.offered.iter().map(|id| known(id)).collect(), ModelSource::Configuration);
        }
        match self.listed(served).await {
            Ok(models) => (models, ModelSource::Provider),
            Err(error) => {
                tracing::warn!(ai.provider = name, %error, "The AI provider {name} does not list its models");
                failures.push((name.to_owned(), error));
                let is_openrouter = served.provider.dialect() == Dialect::OpenRouter;
                let fallback = FALLBACK.iter().filter(|_| is_openrouter).map(|id| known(id));
                (fallback.collect(), ModelSource::Fallback)
            }
        }
    }
}

/// A model of which nothing but the name is known.
fn known(id: &str) -> ListedModel {
    ListedModel {
        id: id.to_owned(),
        name: None,
        context_tokens: None,
        input_per_million: None,
        output_per_million: None,
        writes_text: true,
    }
}

fn available(id: String, provider: &str, pricing: &Pricing, model: ListedModel) -> AvailableModel {
    let price = match pricing {
        Pricing::Listed(table) => table.price(&model.id),
        Pricing::Free | Pricing::Unknown => None,
    };
    let free = matches!(pricing, Pricing::Free).then_some(Cost::ZERO);
    AvailableModel {
        name: model.name.unwrap_or(model.id),
        provider: provider.to_owned(),
        context_tokens: model.context_tokens.or(price.and_then(|price| price.context_tokens)),
        input_per_million: free.or(model.input_per_million).or(price.map(|price| price.input)),
        output_per_million: free.or(model.output_per_million).or(price.map(|price| price.output)),
        id,
    }
}

fn writes_text(model: &ListedModel) -> bool {
    let id = model.id.to_lowercase();
    model.writes_text && !NO_WRITERS.iter().any(|part| id.contains(part))
}

/// The place among the popular, then by name.
fn popularity(id: &str) -> (usize, String) {
    let id = id.to_lowercase();
    let place = POPULAR.iter().position(|part| id.contains(part)).unwrap_or(POPULAR.len());
    (place, id)
}
