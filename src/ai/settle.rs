//! From what people wish to what a model is told: layers of settings become parameters, and everything that was changed or
//! left out on the way is reported.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::family::Family;
use super::parameters::{Fitted, ParameterName, Parameters};
use super::provider::Dialect;

/// What came of layers of settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settled {
    /// What the model is told.
    pub parameters: Parameters,
    /// Settings that nobody here knows: kept with the model, never sent.
    pub kept: Map<String, Value>,
    /// What was changed or left out.
    pub adjustments: Vec<Adjustment>,
}

/// One setting that the model is not told as it was wished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The setting.
    pub parameter: String,
    /// What was wished.
    pub given: Value,
    /// What the model is told; absent where it is told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<Value>,
    /// Why.
    pub reason: AdjustmentReason,
}

/// Why a model is not told what was wished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AdjustmentReason {
    /// It is outside what the parameter takes.
    Clamped {
        /// What it takes.
        takes: String,
    },
    /// It is nothing that the parameter could take.
    Unusable {
        /// What it takes.
        takes: String,
    },
    /// Models of this family do not take the parameter.
    NotOfThisFamily,
    /// The provider does not take the parameter.
    NotOfThisProvider,
}

/// Settles `layers` for models of `family` at a provider that speaks `dialect`: the first layer that has a setting counts,
/// then what is asked of the family by default. Null in a layer takes a setting of the layers below away without putting
/// another in its place, except that an answer always has a longest length, which budgets count on.
pub fn settle(family: Family, dialect: Dialect, layers: &[&Map<String, Value>]) -> Settled {
    let mut settled =
        Settled { parameters: Parameters::default(), kept: Map::new(), adjustments: Vec::new() };
    let defaults = family.defaults().to_map();
    let mut told = Map::new();
    for name in ParameterName::ALL {
        // Nobody wished for a default, so that nobody misses one that the provider does not take.
        let default = defaults.get(&name.to_string()).filter(|_| dialect.takes(name, family));
        let always = default.filter(|_| name == ParameterName::MaxOutputTokens);
        let wished = layers.iter().find_map(|layer| name.names().iter().find_map(|name| layer.get(*name)));
        let value = match wished {
            Some(Value::Null) => always.cloned(),
            Some(value) => settled.fit(family, dialect, name, value, always),
            None => default.cloned(),
        };
        told.extend(value.map(|value| (name.to_string(), value)));
    }
    // What was fitted can be read.
    settled.parameters = serde_json::from_value(Value::Object(told)).unwrap_or_default();
    let is_known = |key: &str| ParameterName::ALL.iter().any(|name| name.names().contains(&key));
    for (key, value) in layers.iter().rev().flat_map(|layer| layer.iter()) {
        if !is_known(key) {
            settled.kept.insert(key.clone(), value.clone());
        }
    }
    settled
}

impl Settled {
    /// The value that is told, after reporting what had to be changed: `instead` of what is unusable.
    fn fit(
        &mut self,
        family: Family,
        dialect: Dialect,
        name: ParameterName,
        given: &Value,
        instead: Option<&Value>,
    ) -> Option<Value> {
        let takes = || name.domain().describe();
        let (applied, reason) = match name.domain().fit(given) {
            _ if !family.accepts(name) => (None, AdjustmentReason::NotOfThisFamily),
            _ if !dialect.takes(name, family) => (None, AdjustmentReason::NotOfThisProvider),
            Fitted::Same(value) => return Some(value),
            Fitted::Clamped(value) => (Some(value), AdjustmentReason::Clamped { takes: takes() }),
            Fitted::Unusable => (instead.cloned(), AdjustmentReason::Unusable { takes: takes() }),
        };
        let parameter = name.to_string();
        self.adjustments.push(Adjustment {
            parameter,
            given: given.clone(),
            applied: applied.clone(),
            reason,
        });
        applied
    }
}

impl Dialect {
    /// Whether the provider takes a parameter for models of `family`, however it is called there.
    pub fn takes(self, name: ParameterName, family: Family) -> bool {
        use ParameterName::{
            FrequencyPenalty, MaxOutputTokens, PresencePenalty, ReasoningEffort, RepetitionPenalty,
            Temperature, TopK, TopP, Verbosity, WebSearch,
        };
        match (self, name) {
            (Self::OpenRouter, _) => true,
            (Self::OpenAi | Self::Responses, TopK | RepetitionPenalty) => false,
            (Self::Responses, FrequencyPenalty | PresencePenalty) => false,
            // OpenAI answers 400 to them.
            (Self::OpenAi | Self::Responses, TopP) => !family.is_openai_reasoning(),
            (Self::OpenAi | Self::Compatible, WebSearch) => false,
            (
                Self::OpenAi | Self::Responses | Self::Compatible,
                Temperature | TopP | TopK | MaxOutputTokens | FrequencyPenalty | PresencePenalty
                | RepetitionPenalty | Verbosity | ReasoningEffort | WebSearch,
            ) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layer(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_layer_above_counts_and_the_familys_defaults_are_below_all() {
        let run = layer(json!({"temperature": 0.2}));
        let model = layer(json!({"temperature": 0.9, "max_tokens": 100, "note": "mine"}));
        let settled = settle(Family::Claude, Dialect::OpenRouter, &[&run, &model]);
        let told = settled.parameters.to_map();
        let expected = json!({"temperature": 0.2, "top_p": 0.9, "top_k": 250, "max_output_tokens": 100});
        assert_eq!(Value::Object(told), expected);
        assert_eq!(settled.kept, layer(json!({"note": "mine"})));
        assert!(settled.adjustments.is_empty());
    }

    #[test]
    fn null_takes_a_setting_away() {
        let settled = settle(Family::Other, Dialect::OpenRouter, &[&layer(json!({"temperature": null}))]);
        assert_eq!(settled.parameters.temperature, None);
        assert_eq!(settled.parameters.top_p, Some(0.9));
    }

    #[test]
    fn what_is_changed_or_left_out_is_reported() {
        let wished = layer(json!({"temperature": 1, "max_tokens": 99_999, "verbosity": "loud"}));
        let settled = settle(Family::Gpt5, Dialect::OpenRouter, &[&wished]);
        assert_eq!(settled.parameters.max_output_tokens, Some(32_000));
        assert_eq!(settled.parameters.temperature, None);
        assert_eq!(settled.parameters.verbosity, None);
        let reported = serde_json::to_value(&settled.adjustments).unwrap();
        assert_eq!(
            reported,
            json!([
                {"parameter": "temperature", "given": 1, "reason": {"kind": "not_of_this_family"}},
                {"parameter": "max_output_tokens", "given": 99_999, "applied": 32_000,
                    "reason": {"kind": "clamped", "takes": "a whole number from 1 to 32000"}},
                {"parameter": "verbosity", "given": "loud",
                    "reason": {"kind": "unusable", "takes": "one of low, medium, high"}},
            ])
        );
    }

    #[test]
    fn a_longest_answer_is_always_told() {
        for (family, most) in [(Family::Claude, 4_096), (Family::Gpt5, 4_000)] {
            for given in [json!(null), json!("many")] {
                let wished = layer(json!({"max_tokens": given}));
                let below = layer(json!({"max_tokens": 9}));
                let settled = settle(family, Dialect::OpenRouter, &[&wished, &below]);
                assert_eq!(settled.parameters.max_output_tokens, Some(most), "{given}");
                let applied = settled.adjustments.first().and_then(|it| it.applied.clone());
                assert_eq!(applied, given.is_string().then(|| json!(most)), "{given}");
            }
        }
    }

    #[test]
    fn a_provider_is_told_what_it_takes_and_only_wishes_are_reported() {
        let openai = settle(Family::Gpt5, Dialect::OpenAi, &[]);
        assert_eq!((openai.parameters.top_p, openai.adjustments), (None, vec![]));
        let openrouter = settle(Family::Gpt5, Dialect::OpenRouter, &[]);
        assert_eq!((openrouter.parameters, openrouter.adjustments), (Family::Gpt5.defaults(), vec![]));
        let local = settle(Family::Grok, Dialect::Compatible, &[]);
        assert!(local.parameters.web_search.is_none() && local.adjustments.is_empty());
        let wished = settle(Family::Gpt5, Dialect::OpenAi, &[&layer(json!({"top_p": 0.5}))]);
        assert_eq!(wished.parameters.top_p, None);
        let reasons: Vec<&AdjustmentReason> = wished.adjustments.iter().map(|it| &it.reason).collect();
        assert_eq!(reasons, [&AdjustmentReason::NotOfThisProvider]);
    }
}
