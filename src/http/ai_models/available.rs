//! `GET /available-models`

use axum::extract::State;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ai::{AvailableModel, AvailableModels, Cost, ModelSource};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// The AI models that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableModelsView {
    /// The first fifty, popular ones first.
    models: Vec<AvailableModelView>,
    /// How many there are.
    #[schema(example = 312)]
    total: usize,
    /// Where the list is from: `nothing` (no provider is configured), `configuration`, `provider` or `fallback`.
    #[schema(value_type = String, example = "provider")]
    source: ModelSource,
    /// Whether it was kept from an earlier question.
    cached: bool,
    /// Why it may lack something; null where it does not.
    #[schema(example = "openrouter: unavailable")]
    error: Option<String>,
}

/// An AI model that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableModelView {
    /// What a model or run names it by.
    #[schema(example = "openai/gpt-5")]
    id: String,
    /// For people.
    #[schema(example = "OpenAI: GPT-5")]
    name: String,
    /// Who serves it, as the installation calls them.
    #[schema(example = "openrouter")]
    provider: String,
    /// Longest prompt and answer together, tokens; null where nobody says.
    #[schema(example = 400_000)]
    context_length: Option<u64>,
    /// What it costs; null where nobody knows.
    pricing: Option<AiPricingView>,
}

/// What an AI model costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct AiPricingView {
    /// US dollars for a million tokens of prompts.
    #[schema(value_type = String, example = "1.25")]
    input_per_million: Decimal,
    /// US dollars for a million tokens of answers.
    #[schema(value_type = String, example = "10")]
    output_per_million: Decimal,
}

impl From<AvailableModels> for AvailableModelsView {
    fn from(list: AvailableModels) -> Self {
        // Only its kind: the text of a failure may name hosts of the installation's own network.
        let failures = list.failures.iter().map(|(name, error)| format!("{name}: {}", error.kind()));
        let error = failures.collect::<Vec<_>>().join("; ");
        Self {
            models: list.models.into_iter().map(AvailableModelView::from).collect(),
            total: list.total,
            source: list.source,
            cached: list.cached,
            error: Some(error).filter(|error| !error.is_empty()),
        }
    }
}

impl From<AvailableModel> for AvailableModelView {
    fn from(model: AvailableModel) -> Self {
        let prices = model.input_per_million.zip(model.output_per_million);
        Self {
            id: model.id,
            name: model.name,
            provider: model.provider,
            context_length: model.context_tokens,
            pricing: prices.map(|(input, output): (Cost, Cost)| AiPricingView {
                input_per_million: input.dollars(),
                output_per_million: output.dollars(),
            }),
        }
    }
}

/// Lists the AI models that can be chosen: those that the configuration names, or those that write text among what the
/// configured providers list. Without a provider there are none.
#[utoipa::path(get, path = "/api/v1/available-models", tag = "AI models", operation_id = "list_available_models",
    extensions(("x-access" = json!("signed-in"))),
    responses((status = 200, description = "The models", body = Envelope<AvailableModelsView>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<AvailableModelsView>, ApiError> {
    let list = api.app().ai.available().await;
    Ok(Answer::ok(&caller, list.into()))
}
