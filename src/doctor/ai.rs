//! AI providers: which are configured, and whether they answer to their keys.

use super::Check;
use crate::ai::{AiModels, Health, ProviderError};
use crate::config::AiConfig;

const NAME: &str = "AI provider";

/// A check of each provider. None of them is needed to start, but those that are configured must be so rightly.
pub async fn providers(config: &AiConfig) -> Vec<Check> {
    let models = match AiModels::new(config) {
        Ok(models) => models,
        Err(error) => return vec![Check::failed(NAME, error.to_string(), "Correct the section [ai]")],
    };
    let health = models.health().await;
    if health.is_empty() {
        let found =
            "none, so that only built-in policies decide; OPENROUTER_API_KEY or OPENAI_API_KEY adds one";
        return vec![Check::ok(NAME, found)];
    }
    health.into_iter().map(check).collect()
}

fn check(Health { provider, base_url, models }: Health) -> Check {
    let there = format!("{provider} at {base_url}");
    match models {
        Ok(count) => Check::ok(NAME, format!("{there} lists {count} models")),
        Err(error) => {
            let advice = match &error {
                ProviderError::MissingKey { .. } | ProviderError::KeyRejected { .. } => {
                    format!("Set ai.providers.{provider}.api_key to a key that is valid there")
                }
                _ => {
                    format!("Start it or correct ai.providers.{provider}; calls of its models fail meanwhile")
                }
            };
            Check::warning(NAME, format!("{there}: {error}"), advice)
        }
    }
}
