//! Which language models can be chosen, and what they can be told.

use std::sync::Arc;

use reqwest::Client;
use serde_json::json;
use tapedeck::ai::scripted::{Script, ScriptedServer};
use tapedeck::app::Role;
use tapedeck::config::{AiConfig, AiPrices, AiProviderConfig, BaseUrl};
use tapedeck::http::NoQuotes;

use super::kit::{Send, deck_of};

#[tokio::test(flavor = "multi_thread")]
async fn models_of_providers_can_be_chosen() {
    let models = ["gpt-5-mini", "unheard-of", "whisper-1"].map(str::to_owned).to_vec();
    let server = ScriptedServer::start(Script { models, ..Script::default() }).await.unwrap();
    let provider = AiProviderConfig {
        base_url: Some(BaseUrl::try_from(server.base_url()).unwrap()),
        prices: Some(AiPrices::Listed),
        ..AiProviderConfig::default()
    };
    let deck = deck_of(&[Role::Api, Role::Projector].into(), Arc::<NoQuotes>::default(), |config| {
        config.ai = AiConfig { providers: [("stage".to_owned(), provider)].into(), ..AiConfig::default() };
    })
    .await;
    let list = deck.get("/available-models").await;
    assert_eq!(
        list.data(200),
        &json!({
            "models": [
                { "id": "gpt-5-mini", "name": "gpt-5-mini", "provider": "stage", "context_length": 272_000,
                    "pricing": { "input_per_million": "0.25", "output_per_million": "2" } },
                { "id": "unheard-of", "name": "unheard-of", "provider": "stage", "context_length": null,
                    "pricing": null },
            ],
            "total": 2, "source": "provider", "cached": false, "error": null,
        })
    );
    assert_eq!(deck.get("/available-models").await.data(200)["cached"], true);
    let url = format!("{}/api/v1/available-models", deck.base);
    Client::new().get(url).reply().await.problem(401, "not_signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_know_what_a_model_can_be_told() {
    let deck = deck_of(&[Role::Api, Role::Projector].into(), Arc::<NoQuotes>::default(), |_| ()).await;
    let url = format!("{}/api/v1/model-config?model_id=openai/gpt-5", deck.base);
    let reply = Client::new().get(url).reply().await;
    let config = reply.data(200);
    assert_eq!(config["model_type"], "gpt5-new");
    assert_eq!(
        config["default_parameters"],
        json!({ "top_p": 0.9, "max_output_tokens": 4_000, "verbosity": "high", "reasoning_effort": "high" })
    );
    assert_eq!(
        (&config["supports_temperature"], &config["supports_verbosity"]),
        (&json!(false), &json!(true))
    );
    let effort =
        config["template"].as_array().unwrap().iter().find(|it| it["name"] == "reasoning_effort").unwrap();
    assert_eq!(effort["choices"], json!(["minimal", "low", "medium", "high"]));
    let unknown = deck.get("/model-config?model_id=unheard-of").await;
    assert_eq!(unknown.data(200)["model_type"], "standard");
    assert_eq!(deck.get("/model-config").await.problem(422, "validation_failed"), ["model_id: required"]);
    let refused = deck.get("/model-config?model_id=a%20b").await;
    assert_eq!(refused.problem(422, "validation_failed"), ["model_id: invalid"]);
    assert!(deck.get("/available-models").await.data(200)["models"].as_array().unwrap().is_empty());
}
