//! Which models can be chosen, and where that is known from.

use tapedeck::ai::scripted::{Script, ScriptedServer};
use tapedeck::ai::{AiModels, AvailableModels, ModelSource};
use tapedeck::config::{AiApi, AiConfig, AiPrices, AiProviderConfig, BaseUrl};

use super::kit::{config_of, provider};

fn ids(list: &AvailableModels) -> Vec<&str> {
    list.models.iter().map(|model| model.id.as_str()).collect()
}

async fn listing(models: &[&str]) -> ScriptedServer {
    let models = models.iter().map(|model| (*model).to_owned()).collect();
    ScriptedServer::start(Script { models, ..Script::default() }).await.unwrap()
}

#[tokio::test]
async fn providers_are_asked_once_and_popular_models_come_first() {
    let server =
        listing(&["llama-3", "text-embedding-3", "z-image", "unheard-of", "gpt-5-mini", "claude-sonnet-4-5"])
            .await;
    let models = AiModels::new(&config_of(provider(&server, AiApi::ChatCompletions))).unwrap();
    let list = models.available().await;
    assert_eq!(ids(&list), ["gpt-5-mini", "claude-sonnet-4-5", "llama-3", "unheard-of"]);
    assert_eq!((list.source, list.cached, list.total), (ModelSource::Provider, false, 4));
    let mini = &list.models[0];
    assert_eq!(mini.input_per_million.unwrap().to_string(), "0.25");
    assert_eq!(mini.context_tokens, Some(272_000));
    assert_eq!(list.models[3].input_per_million, None, "nobody knows");
    drop(server);
    let kept = models.available().await;
    assert_eq!((ids(&kept), kept.cached), (ids(&list), true));
}

#[tokio::test]
async fn a_list_has_an_end() {
    let many: Vec<String> = (0..70).map(|number| format!("model-{number:02}")).collect();
    let server = listing(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let models = AiModels::new(&config_of(provider(&server, AiApi::ChatCompletions))).unwrap();
    let list = models.available().await;
    assert_eq!((list.models.len(), list.total), (50, 70));
}

#[tokio::test]
async fn what_the_configuration_names_needs_no_question() {
    let local = AiProviderConfig {
        base_url: Some(BaseUrl::try_from("http://127.0.0.1:1/v1".to_owned()).unwrap()),
        models: vec!["qwen3:8b".to_owned(), "llama-3".to_owned()],
        prices: Some(AiPrices::Free),
        ..AiProviderConfig::default()
    };
    let list = AiModels::new(&config_of(local)).unwrap().available().await;
    assert_eq!(ids(&list), ["qwen3:8b", "llama-3"]);
    assert_eq!(list.source, ModelSource::Configuration);
    assert!(list.failures.is_empty());
    assert_eq!(list.models[0].output_per_million.unwrap().to_string(), "0");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_named() {
    let here = listing(&["llama-3"]).await;
    let gone = AiProviderConfig {
        base_url: Some(BaseUrl::try_from("http://127.0.0.1:1/v1".to_owned()).unwrap()),
        ..AiProviderConfig::default()
    };
    let providers =
        [("a-gone".to_owned(), gone), ("here".to_owned(), provider(&here, AiApi::ChatCompletions))];
    let config = AiConfig {
        providers: providers.into(),
        default_provider: Some("here".to_owned()),
        ..AiConfig::default()
    };
    let list = AiModels::new(&config).unwrap().available().await;
    assert_eq!(ids(&list), ["llama-3"]);
    assert_eq!(list.source, ModelSource::Fallback);
    let (name, failure) = &list.failures[0];
    assert_eq!((name.as_str(), failure.kind()), ("a-gone", "unavailable"));
}

#[tokio::test]
async fn without_a_provider_there_is_nothing_to_choose() {
    let list = AiModels::new(&AiConfig::default()).unwrap().available().await;
    assert!(list.models.is_empty() && list.source == ModelSource::Nothing);
}
