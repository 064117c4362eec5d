//! A key is sent to its provider and shown to nobody else.

use std::io;
use std::sync::{Arc, Mutex};

use tapedeck::ai::AiModels;
use tapedeck::ai::scripted::{Fault, ScriptedServer, Turn};
use tapedeck::config::{AiApi, AiConfig, AiProviderConfig, BaseUrl, Config, SecretText, Sources};
use tapedeck::doctor;
use tracing_subscriber::fmt::MakeWriter;

use super::kit::{BOTH, KEY, config_of, events, provider, stage, terms};
use crate::support::program::tapedeck;

/// The part of the key that providers like to repeat.
const BEGINNING: &str = "canary-key";

/// Everything that is logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_line_event_report_or_error_shows_a_key() {
    let written = Written::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(written.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let mut shown = String::new();
    for api in BOTH {
        let echo = |status, message: &str| {
            let message = message.to_owned();
            Turn::fault(Fault::Status { status, retry_after: None, code: None, message })
        };
        let turns = [
            Turn::say("here"),
            echo(500, &format!("Bearer {KEY} is not known")),
            echo(401, &format!("Incorrect API key provided: {BEGINNING}****cdef, or {KEY}.")),
            Turn::say("lost").but(Fault::CutAfter(1)),
            Turn::say("here"),
        ];
        let stage = stage(api, turns).await;
        for _ in 0..3 {
            let (events, report) = events(stage.call(terms("hello"))).await;
            shown += &format!("{events:?}{report:?}{}", serde_json::to_string(&report).unwrap());
            if let Some(failure) = report.failure() {
                shown += &failure.to_string();
            }
        }
        shown += &format!("{:?}", stage.models);
        shown += &format!("{:?}", stage.models.call(terms("hello")));
        assert_eq!(stage.server.seen()[0].headers["authorization"], format!("Bearer {KEY}"));
    }
    shown += &String::from_utf8_lossy(&written.0.lock().unwrap());
    assert!(shown.contains("***") && shown.contains("hyper"), "it was logged, and something was masked");
    let place = shown.find(BEGINNING).map(|at| &shown[at.saturating_sub(200)..at]);
    assert_eq!(place, None);
}

#[test]
fn a_key_comes_from_the_environment_and_the_configuration_does_not_show_it() {
    for (variable, provider) in [
        ("OPENAI_API_KEY", "openai"),
        ("OPENROUTER_API_KEY", "openrouter"),
        ("TAPEDECK_AI__PROVIDERS__OPENAI__API_KEY", "openai"),
    ] {
        for key in [KEY, "12345678"] {
            let environment = [(variable.to_owned(), key.to_owned())];
            let config = Config::from_sources(Sources::new(None, environment)).unwrap();
            let configured = config.ai.providers[provider].api_key.as_ref().unwrap();
            assert_eq!(configured.expose(), key);
            let shown = format!("{config:?}{}", serde_json::to_string(&config).unwrap());
            assert!(!shown.contains(key), "{shown}");
            let source = config.provenance().iter().find(|it| it.key.ends_with(".api_key")).unwrap();
            assert_eq!((&source.value, source.source.contains(variable)), (&"***".into(), true));
        }
    }
}

#[test]
fn a_key_is_not_sent_where_others_can_read_it() {
    let open = AiProviderConfig {
        base_url: Some(BaseUrl::try_from("http://models.example.com/v1".to_owned()).unwrap()),
        api_key: Some(SecretText::new(KEY)),
        ..AiProviderConfig::default()
    };
    let refused = AiModels::new(&config_of(open)).unwrap_err().to_string();
    assert!(refused.contains("https") && !refused.contains(BEGINNING), "{refused}");
}

#[tokio::test]
async fn over_plain_http_no_proxy_reads_a_key() {
    let server = ScriptedServer::start(Default::default()).await.unwrap();
    let mut doctor = tapedeck(["doctor"]);
    let doctor = doctor.env("TAPEDECK_AI__PROVIDERS__HERE__BASE_URL", server.base_url());
    let doctor = doctor.env("TAPEDECK_AI__PROVIDERS__HERE__API_KEY", KEY);
    let output = doctor.env("HTTP_PROXY", "http://127.0.0.1:1").output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("lists 1 models"), "{told}");
}

#[tokio::test]
async fn the_doctor_says_which_providers_answer_and_not_with_which_key() {
    let server = ScriptedServer::start(Default::default()).await.unwrap();
    let mut config = crate::support::services::test_config("ai-doctor");
    let gone = AiProviderConfig {
        base_url: Some(BaseUrl::try_from("http://127.0.0.1:1/v1".to_owned()).unwrap()),
        api_key: Some(SecretText::new(KEY)),
        ..AiProviderConfig::default()
    };
    let providers = [
        ("here".to_owned(), provider(&server, AiApi::Responses)),
        ("gone".to_owned(), gone),
        ("openai".to_owned(), AiProviderConfig::default()),
    ];
    config.ai = AiConfig { providers: providers.into(), ..AiConfig::default() };
    let report = doctor::examine(&config).await;
    let text = report.render();
    assert!(text.contains("lists 1 models") && text.contains("gone at http://127.0.0.1:1"), "{text}");
    assert!(text.contains("OPENAI_API_KEY"), "{text}");
    assert!(!text.contains(BEGINNING) && report.status() == doctor::Status::Warning, "{text}");
}
