//! What a model can be told about how to answer, with the ranges that all families share.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Most tokens of an answer that can be asked for.
pub const OUTPUT_TOKENS_MAX: u32 = 32_000;

/// How to answer: what is absent is left to the provider. Made by [`settle`](super::settle), which keeps the ranges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Randomness, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Probability mass that tokens are drawn from, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many tokens are drawn from, 1 to 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Longest answer in tokens, reasoning included, 1 to [`OUTPUT_TOKENS_MAX`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// Against repeating what was said often, -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Against repeating what was said at all, -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Against repetition, as a factor, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f64>,
    /// How long answers are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<Verbosity>,
    /// How long the model thinks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<Effort>,
    /// Whether the provider may search the web.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_search: Option<bool>,
}

/// How long answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verbosity {
    /// Short.
    Low,
    /// Neither.
    Medium,
    /// Long.
    High,
}

/// How long a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Neither.
    Medium,
    /// Long.
    High,
}

/// A parameter that providers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterName {
    /// [`Parameters::temperature`].
    Temperature,
    /// [`Parameters::top_p`].
    TopP,
    /// [`Parameters::top_k`].
    TopK,
    /// [`Parameters::max_output_tokens`], also called `max_tokens` and `max_completion_tokens`.
    MaxOutputTokens,
    /// [`Parameters::frequency_penalty`].
    FrequencyPenalty,
    /// [`Parameters::presence_penalty`].
    PresencePenalty,
    /// [`Parameters::repetition_penalty`].
    RepetitionPenalty,
    /// [`Parameters::verbosity`].
    Verbosity,
    /// [`Parameters::reasoning_effort`].
    ReasoningEffort,
    /// [`Parameters::web_search`].
    WebSearch,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// Numbers from one to another.
    Number {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// Whole numbers from one to another.
    Whole {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
    /// One of these words.
    Words(&'static [&'static str]),
    /// Yes or no.
    Truth,
}

impl ParameterName {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Temperature,
        Self::TopP,
        Self::TopK,
        Self::MaxOutputTokens,
        Self::FrequencyPenalty,
        Self::PresencePenalty,
        Self::RepetitionPenalty,
        Self::Verbosity,
        Self::ReasoningEffort,
        Self::WebSearch,
    ];

    /// Its name, and other names that mean the same; where several are given the first counts.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Temperature => &["temperature"],
            Self::TopP => &["top_p"],
            Self::TopK => &["top_k"],
            Self::MaxOutputTokens => &["max_output_tokens", "max_completion_tokens", "max_tokens"],
            Self::FrequencyPenalty => &["frequency_penalty"],
            Self::PresencePenalty => &["presence_penalty"],
            Self::RepetitionPenalty => &["repetition_penalty"],
            Self::Verbosity => &["verbosity"],
            Self::ReasoningEffort => &["reasoning_effort"],
            Self::WebSearch => &["web_search"],
        }
    }

    /// What values it takes.
    pub const fn domain(self) -> Domain {
        match self {
            Self::Temperature => Domain::Number { min: 0.0, max: 2.0 },
            Self::TopP => Domain::Number { min: 0.0, max: 1.0 },
            Self::TopK => Domain::Whole { min: 1, max: 500 },
            Self::MaxOutputTokens => Domain::Whole { min: 1, max: OUTPUT_TOKENS_MAX },
            Self::FrequencyPenalty | Self::PresencePenalty => Domain::Number { min: -2.0, max: 2.0 },
            Self::RepetitionPenalty => Domain::Number { min: 0.0, max: 2.0 },
            Self::Verbosity => Domain::Words(&["low", "medium", "high"]),
            Self::ReasoningEffort => Domain::Words(&["minimal", "low", "medium", "high"]),
            Self::WebSearch => Domain::Truth,
        }
    }
}

impl fmt::Display for ParameterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.names().first().copied().unwrap_or_default())
    }
}

/// A value that a parameter takes, after it was clamped.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fitted {
    /// As it was.
    Same(Value),
    /// The nearest that is allowed.
    Clamped(Value),
    /// Of a kind that the parameter does not take.
    Unusable,
}

impl Domain {
    /// The value of the domain that is nearest to `value`.
    pub(super) fn fit(self, value: &Value) -> Fitted {
        let clamped = |fitted: Value| match &fitted == value {
            true => Fitted::Same(fitted),
            false => Fitted::Clamped(fitted),
        };
        match (self, value) {
            (Self::Number { min, max }, Value::Number(number)) => match number.as_f64() {
                Some(number) if number < min => clamped(json!(min)),
                Some(number) if number > max => clamped(json!(max)),
                Some(_) => Fitted::Same(value.clone()),
                None => Fitted::Unusable,
            },
            (Self::Whole { min, max }, Value::Number(number)) => {
                let whole = number.as_i64().or_else(|| whole_part(number.as_f64()?));
                match whole {
                    Some(whole) => clamped(json!(whole.clamp(min.into(), max.into()))),
                    // Larger than can be counted.
                    None if number.as_u64().is_some() => clamped(json!(max)),
                    None => Fitted::Unusable,
                }
            }
            (Self::Words(words), Value::String(word)) => {
                let lower = word.trim().to_lowercase();
                match words.contains(&lower.as_str()) {
                    true => clamped(json!(lower)),
                    false => Fitted::Unusable,
                }
            }
            (Self::Truth, Value::Bool(_)) => Fitted::Same(value.clone()),
            (Self::Number { .. } | Self::Whole { .. } | Self::Words(_) | Self::Truth, _) => Fitted::Unusable,
        }
    }

    /// It in words.
    pub fn describe(self) -> String {
        match self {
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Words(words) => format!("one of {}", words.join(", ")),
            Self::Truth => "true or false".to_owned(),
        }
    }
}

/// 4000.0 is 4000, and 1e99 is as large as can be.
fn whole_part(number: f64) -> Option<i64> {
    let bounded = number.trunc().clamp(-1e15, 1e15);
    number.is_finite().then(|| format!("{bounded:.0}").parse().ok()).flatten()
}

impl Parameters {
    /// The parameters that are set, by their names.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            Ok(_) | Err(_) => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_clamped_to_their_range() {
        use ParameterName::{MaxOutputTokens, ReasoningEffort, Temperature, TopK, WebSearch};
        for (name, given, fitted) in [
            (Temperature, json!(0.7), Fitted::Same(json!(0.7))),
            (Temperature, json!(2), Fitted::Same(json!(2))),
            (Temperature, json!(2.5), Fitted::Clamped(json!(2.0))),
            (Temperature, json!(-1), Fitted::Clamped(json!(0.0))),
            (Temperature, json!("hot"), Fitted::Unusable),
            (TopK, json!(0), Fitted::Clamped(json!(1))),
            (TopK, json!(7.9), Fitted::Clamped(json!(7))),
            (MaxOutputTokens, json!(32_001), Fitted::Clamped(json!(32_000))),
            (MaxOutputTokens, json!(1e99), Fitted::Clamped(json!(32_000))),
            (MaxOutputTokens, json!(u64::MAX), Fitted::Clamped(json!(32_000))),
            (ReasoningEffort, json!("High"), Fitted::Clamped(json!("high"))),
            (ReasoningEffort, json!("extreme"), Fitted::Unusable),
            (WebSearch, json!(true), Fitted::Same(json!(true))),
            (WebSearch, json!("yes"), Fitted::Unusable),
        ] {
            assert_eq!(name.domain().fit(&given), fitted, "{name} {given}");
        }
    }

    #[test]
    fn every_parameter_is_told_by_its_name() {
        let told = json!({"temperature": 1.0, "top_p": 1.0, "top_k": 1, "max_output_tokens": 1,
            "frequency_penalty": 1.0, "presence_penalty": 1.0, "repetition_penalty": 1.0,
            "verbosity": "low", "reasoning_effort": "low", "web_search": true});
        let all: Parameters = serde_json::from_value(told.clone()).unwrap();
        assert_eq!(Value::Object(all.to_map()), told);
        assert!(ParameterName::ALL.iter().all(|name| all.to_map().contains_key(&name.to_string())));
    }
}
