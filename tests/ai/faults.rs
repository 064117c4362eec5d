//! What goes wrong at a provider: each way has its kind, and is repeated only where nobody has seen anything.

use std::time::{Duration, Instant};

use tapedeck::ai::scripted::{Fault, ScriptedUsage, Turn};
use tapedeck::ai::{AiModels, CallEvent, CallLimits, CallRefused, ProviderError};
use tapedeck::config::{AiApi, AiConfig, AiProviderConfig, BaseUrl};

use super::kit::{
    BOTH, Stage, answered, config_of, events, events_with_words, failure, quick, stage, stage_with, terms,
};

fn status(status: u16) -> Turn {
    Turn::fault(Fault::Status { status, retry_after: None, code: None, message: "no".to_owned() })
}

fn coded(status: u16, code: &str) -> Turn {
    let code = Some(code.to_owned());
    Turn::fault(Fault::Status { status, retry_after: None, code, message: "no".to_owned() })
}

fn limited(seconds: u64) -> Turn {
    let message = "too fast".to_owned();
    Turn::fault(Fault::Status { status: 429, retry_after: Some(seconds), code: None, message })
}

fn kinds(report: &tapedeck::ai::CallReport) -> Vec<&'static str> {
    let failures =
        report.attempts.iter().map(|it| it.failure.as_ref().map_or("answered", ProviderError::kind));
    failures.collect()
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    for api in BOTH {
        for (turn, kind) in [
            (status(500), "unavailable"),
            (status(503), "unavailable"),
            (status(408), "unavailable"),
            (status(409), "unavailable"),
            (limited(0), "rate_limited"),
            (Turn::say("lost").but(Fault::CutAfter(1)), "cut"),
            (Turn::say("lost").but(Fault::EndAfter(1)), "cut"),
            (Turn::say("lost").but(Fault::NonsenseAfter(1)), "malformed"),
            (Turn::say("lost").but(Fault::ErrorAfter(1)), "unavailable"),
            (Turn::fault(Fault::Page), "malformed"),
            (Turn::default(), "incomplete"),
        ] {
            let stage = stage(api, [turn, Turn::say("here")]).await;
            let (events, report) = events(stage.call(terms("hello"))).await;
            let place = format!("{api:?} {kind}");
            assert_eq!(answered(&report), "here", "{place}");
            assert_eq!(kinds(&report), [kind, "answered"], "{place}");
            let scheduled =
                events.iter().filter(|it| matches!(it, CallEvent::RetryScheduled { attempt: 1, .. }));
            assert_eq!(scheduled.count(), 1, "{place}");
        }
    }
}

#[tokio::test]
async fn what_stays_wrong_is_asked_once() {
    for api in BOTH {
        for (turn, kind) in [
            (status(400), "invalid_request"),
            (status(404), "invalid_request"),
            (status(401), "key_rejected"),
            (status(402), "quota_exceeded"),
            (coded(429, "insufficient_quota"), "quota_exceeded"),
            (coded(400, "content_policy_violation"), "refused"),
            (Turn { finish: Some("content_filter".to_owned()), ..Turn::default() }, "refused"),
        ] {
            let stage = stage(api, [turn, Turn::say("never")]).await;
            let report = stage.ask("hello").await;
            assert_eq!(failure(&report).kind(), kind, "{api:?}");
            assert_eq!(stage.server.seen().len(), 1, "{api:?} {kind}");
        }
    }
}

#[tokio::test]
async fn attempts_have_an_end() {
    for api in BOTH {
        let stage = stage(api, [status(500), status(502), status(503), Turn::say("never")]).await;
        let report = stage.ask("hello").await;
        assert_eq!(kinds(&report), ["unavailable"; 3]);
        assert!(matches!(failure(&report), ProviderError::Unavailable { status: Some(503), .. }));
        assert_eq!(stage.server.seen().len(), 3);
        assert!(!report.charge.is_call, "nobody took the call");
    }
}

#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_is_not_waited_for_beyond_the_end() {
    let stage = stage(AiApi::ChatCompletions, [limited(3_600), Turn::say("never")]).await;
    let begun = Instant::now();
    let report = stage.ask("hello").await;
    assert_eq!(failure(&report).retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!(stage.server.seen().len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn nothing_is_asked_again_after_a_part_was_seen() {
    for api in BOTH {
        let shown = events_with_words(api, 2);
        for (fault, kind) in [
            (Fault::CutAfter(shown), "cut"),
            (Fault::EndAfter(shown), "cut"),
            (Fault::NonsenseAfter(shown), "malformed"),
            (Fault::ErrorAfter(shown), "unavailable"),
        ] {
            let stage = stage(api, [Turn::say("one two three four").but(fault), Turn::say("never")]).await;
            let report = stage.ask("hello").await;
            assert_eq!(failure(&report).kind(), kind, "{api:?}");
            assert_eq!(report.text, "one two ", "{api:?} {kind}: what was shown is kept");
            assert_eq!(stage.server.seen().len(), 1, "{api:?} {kind}");
        }
    }
}

#[tokio::test]
async fn silence_has_an_end() {
    let silence_max = Duration::from_millis(200);
    let limits = CallLimits { silence_max, call_timeout: Duration::from_secs(30) };
    for api in BOTH {
        let before = Turn::say("a b").but(Fault::SilentAfter(1));
        let within = Turn::say("a b c").but(Fault::SilentAfter(events_with_words(api, 2)));
        let stage = stage(api, [Turn::fault(Fault::Silent), before, within]).await;
        let call = stage.models.call_within(terms("hello"), limits, quick(3)).unwrap();
        let report = call.complete().await;
        assert_eq!(kinds(&report), ["silent"; 3], "{api:?}");
        assert_eq!(failure(&report), &ProviderError::Silent { after: silence_max });
        assert_eq!(report.text, "a b ");
    }
}

#[tokio::test]
async fn whoever_writes_a_long_call_of_a_tool_is_not_silent() {
    let limits =
        CallLimits { silence_max: Duration::from_millis(500), call_timeout: Duration::from_secs(30) };
    for api in BOTH {
        let order = "word ".repeat(60);
        let slow = Turn { pace_ms: 20, ..Turn::call("note", serde_json::json!({ "text": order })) };
        let stage = stage(api, [slow]).await;
        let report = stage.models.call_within(terms("hello"), limits, quick(1)).unwrap().complete().await;
        assert_eq!(report.failure(), None, "{api:?}");
        assert!(report.total_ms > 1_000 && report.tool_calls[0].arguments.contains(&order));
    }
}

#[tokio::test]
async fn arguments_of_tools_count_once_against_the_longest_answer() {
    for api in BOTH {
        for (length, fits) in [(700 << 10, true), (1_100 << 10, false)] {
            let long = Turn::call("note", serde_json::json!({ "text": "x".repeat(length) }));
            let turn = Turn { usage: ScriptedUsage::Missing, ..long };
            let report = stage(api, [turn]).await.ask("hello").await;
            let kind = report.failure().map(ProviderError::kind);
            assert_eq!(kind, (!fits).then_some("too_long"), "{api:?} {length}");
        }
    }
}

#[tokio::test]
async fn a_call_has_an_end() {
    let call_timeout = Duration::from_millis(300);
    let limits = CallLimits { silence_max: Duration::from_secs(30), call_timeout };
    for api in BOTH {
        let slow = Turn { pace_ms: 20, ..Turn::say(&"word ".repeat(1_000)) };
        let stage = stage(api, [slow]).await;
        let report = stage.models.call_within(terms("hello"), limits, quick(3)).unwrap().complete().await;
        assert_eq!(failure(&report), &ProviderError::TooSlow { after: call_timeout }, "{api:?}");
        assert!(report.text.starts_with("word ") && report.attempts.len() == 1);
    }
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    for api in BOTH {
        for fault in [Fault::EndlessAfter(1), Fault::HugeEventAfter(1)] {
            let stage = stage(api, [Turn::say("a").but(fault.clone())]).await;
            let report = stage.ask("hello").await;
            assert_eq!(failure(&report).kind(), "too_long", "{api:?} {fault:?}");
            assert!(report.text.len() <= 1 << 20);
        }
    }
}

#[tokio::test]
async fn the_fallback_model_is_asked_from_the_second_attempt_on() {
    for api in BOTH {
        let turns = [status(500), status(500), Turn::say("here")];
        let fallback = |config: &mut AiConfig| config.fallback_model = Some("gpt-4.1".to_owned());
        let stage = stage_with(api, turns, fallback).await;
        let (events, report) = events(stage.call(terms("hello"))).await;
        assert_eq!(answered(&report), "here");
        assert!(report.fallback_used && report.model_asked == "gpt-4.1");
        let asked: Vec<String> =
            stage.server.seen().iter().map(|it| it.body["model"].as_str().unwrap().to_owned()).collect();
        assert_eq!(asked, ["gpt-5-mini", "gpt-4.1", "gpt-4.1"], "{api:?}");
        let switched =
            CallEvent::ModelSwitched { from: "gpt-5-mini".to_owned(), to: "gpt-4.1".to_owned(), attempt: 2 };
        assert_eq!(events.iter().filter(|event| **event == switched).count(), 1, "{events:?}");
        // What only the first model is told is not told to the second.
        assert!(stage.server.seen()[0].body["temperature"].is_null());
        assert_eq!(stage.server.seen()[1].body["temperature"], 0.7);
    }
}

#[tokio::test]
async fn nobody_at_home_is_unavailable() {
    let stage = stage(AiApi::ChatCompletions, []).await;
    let Stage { server, models } = stage;
    drop(server);
    let call = models.call_within(terms("hello"), super::kit::patient(), quick(2)).unwrap();
    let report = call.complete().await;
    assert_eq!(kinds(&report), ["unavailable"; 2]);
    assert!(matches!(failure(&report), ProviderError::Unavailable { status: None, .. }));
}

#[tokio::test]
async fn a_missing_key_is_named_and_nothing_is_sent() {
    let stage = stage_with(AiApi::ChatCompletions, [Turn::say("never")], |config| {
        let mut keyless = config.providers.remove("stage").unwrap();
        keyless.api_key = None;
        config.providers.insert("openrouter".to_owned(), keyless);
    })
    .await;
    let report = stage.ask("hello").await;
    let failure = failure(&report);
    assert_eq!(failure.kind(), "missing_key");
    assert!(failure.to_string().contains("OPENROUTER_API_KEY"), "{failure}");
    assert!(stage.server.seen().is_empty());
}

#[test]
fn what_cannot_be_asked_is_refused_before() {
    tapedeck::tls::install();
    let none = AiModels::new(&AiConfig::default()).unwrap();
    assert_eq!(none.call(terms("hello")).unwrap_err(), CallRefused::NoProvider);
    let base_url = Some(BaseUrl::try_from("http://127.0.0.1:1/v1".to_owned()).unwrap());
    let offering =
        AiProviderConfig { base_url, models: vec!["llama".to_owned()], ..AiProviderConfig::default() };
    let models = AiModels::new(&config_of(offering.clone())).unwrap();
    assert!(matches!(models.call(terms("hello")).unwrap_err(), CallRefused::NotOffered { .. }));
    let mut nameless = terms("hello");
    nameless.model = None;
    assert_eq!(models.call(nameless).unwrap_err(), CallRefused::NoModel);
    let mut wrong = config_of(AiProviderConfig::default());
    assert!(AiModels::new(&wrong).unwrap_err().to_string().contains("base_url"));
    wrong = config_of(offering);
    wrong.default_provider = Some("nobody".to_owned());
    assert!(AiModels::new(&wrong).unwrap_err().to_string().contains("nobody"));
}
