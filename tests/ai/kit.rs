//! A scripted provider, and AI models that reach it.

use std::time::Duration;

use serde_json::{Map, Value};
use tapedeck::ai::scripted::{Script, ScriptedServer, Turn};
use tapedeck::ai::{
    AiModels, CallEvent, CallLimits, CallReport, CallTerms, Ending, FinishReason, Message, ModelCall, Prompt,
    ProviderError, RetryPolicy,
};
use tapedeck::config::{AiApi, AiConfig, AiPrices, AiProviderConfig, BaseUrl, SecretText};

pub const BOTH: [AiApi; 2] = [AiApi::ChatCompletions, AiApi::Responses];
/// A key that nothing may ever show.
pub const KEY: &str = "canary-key-0123456789-abcdef";
/// A model whose price is listed.
pub const MODEL: &str = "gpt-5-mini";

/// A provider, and what reaches it.
pub struct Stage {
    pub server: ScriptedServer,
    pub models: AiModels,
}

pub fn provider(server: &ScriptedServer, api: AiApi) -> AiProviderConfig {
    AiProviderConfig {
        api: Some(api),
        base_url: Some(BaseUrl::try_from(server.base_url()).unwrap()),
        api_key: Some(SecretText::new(KEY)),
        prices: Some(AiPrices::Listed),
        ..AiProviderConfig::default()
    }
}

pub fn config_of(provider: AiProviderConfig) -> AiConfig {
    AiConfig { providers: [("stage".to_owned(), provider)].into(), ..AiConfig::default() }
}

pub async fn stage(api: AiApi, turns: impl IntoIterator<Item = Turn>) -> Stage {
    stage_with(api, turns, |_| ()).await
}

pub async fn stage_with(
    api: AiApi,
    turns: impl IntoIterator<Item = Turn>,
    set: impl FnOnce(&mut AiConfig),
) -> Stage {
    let server = ScriptedServer::start(Script::of(turns)).await.unwrap();
    let mut config = config_of(provider(&server, api));
    set(&mut config);
    Stage { models: AiModels::new(&config).unwrap(), server }
}

pub fn user(text: &str) -> Message {
    Message::User { text: text.to_owned() }
}

pub fn terms(text: &str) -> CallTerms {
    let prompt = Prompt::of(vec![Message::System { text: "Be brief".to_owned() }, user(text)]);
    CallTerms { model: Some(MODEL.to_owned()), prompt, ..CallTerms::default() }
}

pub fn settings(value: Value) -> Vec<Map<String, Value>> {
    vec![value.as_object().unwrap().clone()]
}

/// Retries that nobody has to wait for.
pub fn quick(attempts_max: u32) -> RetryPolicy {
    let delay = Duration::from_millis(1);
    RetryPolicy { first_delay: delay, jitter_max: delay, ..RetryPolicy::attempts(attempts_max) }
}

/// Longer than anything here takes.
pub fn patient() -> CallLimits {
    CallLimits { silence_max: Duration::from_secs(20), call_timeout: Duration::from_secs(60) }
}

impl Stage {
    pub fn call(&self, terms: CallTerms) -> ModelCall {
        self.models.call_within(terms, patient(), quick(3)).unwrap()
    }

    pub async fn ask(&self, text: &str) -> CallReport {
        self.call(terms(text)).complete().await
    }

    /// The body of the last request.
    pub fn last_body(&self) -> Value {
        self.server.seen().pop().unwrap().body
    }
}

/// Every event, the report apart.
pub async fn events(mut call: ModelCall) -> (Vec<CallEvent>, CallReport) {
    let mut events = Vec::new();
    loop {
        match call.next().await.expect("a call ends with its report") {
            CallEvent::Ended(report) => {
                assert_eq!(call.next().await, None, "nothing follows the report");
                return (events, *report);
            }
            event => events.push(event),
        }
    }
}

#[track_caller]
pub fn answered(report: &CallReport) -> &str {
    assert!(matches!(report.ending, Ending::Finished(_)), "{report:#?}");
    &report.text
}

#[track_caller]
pub fn finish(report: &CallReport) -> &FinishReason {
    match &report.ending {
        Ending::Finished(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn failure(report: &CallReport) -> &ProviderError {
    report.failure().unwrap_or_else(|| panic!("it did not fail: {report:#?}"))
}

/// How many events of a stream have been sent when this many words of a text have.
pub const fn events_with_words(api: AiApi, words: usize) -> usize {
    match api {
        AiApi::ChatCompletions => 1 + words,
        AiApi::Responses => 4 + words,
    }
}
