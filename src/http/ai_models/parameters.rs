//! `GET /model-config`

use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::ai::{Domain, Family, ModelType, ParameterName};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Asked;
use crate::http::error::ApiError;
use crate::http::query::{FromParameters, Parameters, Query};

/// Longest name of an AI model in characters.
const NAME_CHARS_MAX: usize = 200;

/// What an AI model can be told, and what it is told where nobody says otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub struct AiModelConfig {
    /// The model that was asked about.
    #[schema(example = "openai/gpt-5")]
    model_id: String,
    /// What kind it is: `gpt5-new`, `reasoning`, `claude`, `gemini`, `grok` or `standard`.
    #[schema(value_type = String, example = "gpt5-new")]
    model_type: ModelType,
    /// What it is told by default, by the parameters' names.
    #[schema(value_type = Object)]
    default_parameters: Map<String, Value>,
    /// The parameters that it takes.
    template: Vec<ParameterTemplate>,
    /// Whether it takes a temperature.
    supports_temperature: bool,
    /// Whether it takes a verbosity.
    supports_verbosity: bool,
    /// Whether it takes an effort of reasoning.
    supports_reasoning_effort: bool,
}

/// A parameter that an AI model takes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParameterTemplate {
    /// Its name.
    #[schema(value_type = String, example = "temperature")]
    name: ParameterName,
    /// What it takes, in words.
    #[schema(example = "a number from 0 to 2")]
    takes: String,
    /// The smallest number it takes; larger and smaller ones are clamped. Null where it takes no numbers.
    minimum: Option<f64>,
    /// The largest number it takes. Null where it takes no numbers.
    maximum: Option<f64>,
    /// The words it takes; empty where it takes none.
    choices: Vec<&'static str>,
}

/// The name of an AI model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AiModelName(String);

/// The text is no name of an AI model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a name of 1 to {NAME_CHARS_MAX} characters without spaces")]
pub struct InvalidAiModelName;

impl FromStr for AiModelName {
    type Err = InvalidAiModelName;

    fn from_str(text: &str) -> Result<Self, InvalidAiModelName> {
        let fits = (1..=NAME_CHARS_MAX).contains(&text.chars().count());
        let is_plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if fits && is_plain { Ok(Self(text.to_owned())) } else { Err(InvalidAiModelName) }
    }
}

/// The parameters, for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what AiModelName::read reads")]
pub struct AiModelParameters {
    /// The AI model.
    #[param(value_type = String, min_length = 1, max_length = 200, example = "openai/gpt-5")]
    model_id: AiModelName,
}

impl FromParameters for AiModelName {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        parameters.required("model_id")
    }
}

impl ParameterTemplate {
    fn of(name: ParameterName) -> Self {
        let domain = name.domain();
        let (minimum, maximum, choices) = match domain {
            Domain::Number { min, max } => (Some(min), Some(max), &[][..]),
            Domain::Whole { min, max } => (Some(f64::from(min)), Some(f64::from(max)), &[][..]),
            Domain::Words(words) => (None, None, words),
            Domain::Truth => (None, None, &[][..]),
        };
        Self { name, takes: domain.describe(), minimum, maximum, choices: choices.to_vec() }
    }
}

/// Tells what an AI model can be told, by the family that its name shows. Any name is answered: one that nobody knows
/// takes what most take.
#[utoipa::path(get, path = "/api/v1/model-config", tag = "AI models", operation_id = "show_model_config",
    params(AiModelParameters), extensions(("x-access" = json!("public"))),
    responses((status = 200, description = "Its parameters", body = Envelope<AiModelConfig>)))]
pub async fn show(
    asked: Asked,
    Query(AiModelName(model_id)): Query<AiModelName>,
) -> Result<Answer<AiModelConfig>, ApiError> {
    let family = Family::of(&model_id);
    let config = AiModelConfig {
        model_type: family.model_type(),
        default_parameters: family.defaults().to_map(),
        template: family.accepted().iter().map(|name| ParameterTemplate::of(*name)).collect(),
        supports_temperature: family.accepts(ParameterName::Temperature),
        supports_verbosity: family.accepts(ParameterName::Verbosity),
        supports_reasoning_effort: family.accepts(ParameterName::ReasoningEffort),
        model_id,
    };
    Ok(Answer::ok(&asked, config))
}
