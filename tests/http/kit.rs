//! A whole application behind a port of its own, and short ways to ask it.

use std::collections::BTreeSet;
use std::sync::Arc;

use events::{Interval, Price};
use jiff::{SignedDuration, Timestamp};
use projections::bars::{self, BarPrices, ImportedBar, Once, Source};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tapedeck::app::{Role, RunningApp};
use tapedeck::config::Config;
use tapedeck::http::quotes::QuoteBoard;
use tapedeck::http::{Api, NoQuotes, Parts, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::app::{claim, claim_alone};
use crate::support::services::{fresh_database, nats_url, test_config};

pub use crate::support::app::{OWNER, PASSWORD, client_of};

/// An application of its own, and a client of it.
pub struct Deck {
    pub base: String,
    /// Signed in as the owner of the installation.
    pub client: Client,
    /// The owner's access token.
    pub token: String,
    pub running: RunningApp,
    pub stopping: CancellationToken,
}

/// Everything, with 60 days of bars of AAPL (rising), MSFT (falling) and QQQ (flat).
pub async fn deck() -> Deck {
    deck_with(&Role::all(), Arc::<NoQuotes>::default()).await
}

/// Without a worker, so that runs stay where they are.
pub async fn idle_deck() -> Deck {
    deck_with(&BTreeSet::from([Role::Api, Role::Projector]), Arc::<NoQuotes>::default()).await
}

pub async fn deck_with(roles: &BTreeSet<Role>, quotes: Arc<dyn QuoteBoard>) -> Deck {
    deck_of(roles, quotes, |_| ()).await
}

pub async fn deck_of(
    roles: &BTreeSet<Role>,
    quotes: Arc<dyn QuoteBoard>,
    set: impl FnOnce(&mut Config),
) -> Deck {
    let mut config = test_config("http");
    config.database.url = Some(fresh_database("http").await);
    config.database.pool_size = 8;
    config.nats.url = Some(nats_url());
    config.runs.chunk_bars = 10;
    config.http.body_limit_bytes = 64 << 10;
    set(&mut config);
    let running = RunningApp::start(config, roles).await.unwrap();
    load_bars(&running).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let parts = Parts { app: running.app.clone(), nats: running.app.nats.clone(), quotes };
    let stopping = CancellationToken::new();
    tokio::spawn(serve(Api::new(parts), listener, stopping.clone()));
    let token = match roles.contains(&Role::Projector) {
        true => claim(&running.app).await,
        false => claim_alone(&running.app).await,
    };
    let client = client_of(&token);
    Deck { token, base, client, running, stopping }
}

/// How many events a deck begins with: its owner's account, password and session.
pub const CLAIMED: i64 = 3;

/// The first day with bars, and the last.
pub const FIRST_DAY: &str = "2025-01-01";
pub const LAST_DAY: &str = "2025-03-01";

async fn load_bars(running: &RunningApp) {
    let mut client = running.app.log.connector().connect().await.unwrap();
    let midnight: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    let days = |symbol: &str, of: fn(i64) -> i64| {
        let symbol: events::Symbol = symbol.parse().unwrap();
        (0..60).map(move |day| {
            let start = midnight + SignedDuration::from_hours(24 * day);
            let price = |cents: i64| Price::from_units(cents * 10_i64.pow(Price::SCALE - 2));
            let open = of(day);
            ImportedBar {
                symbol: symbol.clone(),
                interval: Interval::Day,
                start,
                end: start + SignedDuration::from_hours(24),
                prices: BarPrices::Full {
                    open: price(open),
                    high: price(open + 50),
                    low: price(open - 50),
                    close: price(open + 20),
                },
                volume: Some(1_000.into()),
                adjusted_close: None,
            }
        })
    };
    let all = days("AAPL", |day| 10_000 + 100 * day + 10 * (day % 3))
        .chain(days("MSFT", |day| 20_000 - 100 * day))
        .chain(days("QQQ", |_| 50_000));
    let source = Source { name: "test".to_owned(), format: "test".to_owned(), identity: None };
    let stored = bars::load(&mut client, source, all, &json!({}), midnight).await.unwrap();
    assert!(matches!(stored, Once::New(_)));
}

impl Deck {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let prefix = if path.starts_with("/api/") || path == "/" || path.starts_with("/docs") {
            ""
        } else {
            "/api/v1"
        };
        self.client.request(method, format!("{}{prefix}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.request(Method::GET, path).reply().await
    }

    /// After everything written so far can be seen.
    pub async fn get_after(&self, position: i64, path: &str) -> Reply {
        self.request(Method::GET, path).header("x-tape-position", position).reply().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.request(Method::POST, path).json(body).reply().await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.request(Method::PATCH, path).json(body).reply().await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.request(Method::DELETE, path).reply().await
    }
}

/// Sends and reads everything.
pub trait Send {
    async fn reply(self) -> Reply;
}

impl Send for RequestBuilder {
    async fn reply(self) -> Reply {
        Reply::of(self.send().await.unwrap()).await
    }
}

/// An answer that was read.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    /// The data of an answer with this status.
    #[track_caller]
    pub fn data(&self, status: u16) -> &Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        assert_eq!(self.header("x-request-id"), self.body["meta"]["request_id"]);
        &self.body["data"]
    }

    /// The items of a list.
    #[track_caller]
    pub fn items(&self) -> &Vec<Value> {
        self.data(200).as_array().unwrap()
    }

    pub fn meta(&self) -> &Value {
        &self.body["meta"]
    }

    pub fn next_cursor(&self) -> Option<&str> {
        self.meta()["next_cursor"].as_str()
    }

    /// The position of a write.
    #[track_caller]
    pub fn position(&self) -> i64 {
        let position = self.header("x-tape-position").parse().unwrap();
        assert_eq!(self.meta()["position"], position);
        position
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("no header {name}: {:?}", self.headers)).to_str().unwrap()
    }

    /// A problem document of this status and code; answers with its fields as `field: code`.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Vec<String> {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["code"], code, "{:#}", self.body);
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:tapedeck:problem:{code}"));
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        for text in ["title", "detail", "instance"] {
            assert!(self.body[text].as_str().is_some_and(|text| !text.is_empty()), "{:#}", self.body);
        }
        let fields = self.body["errors"].as_array().cloned().unwrap_or_default();
        let text = |field: &Value, name: &str| field[name].as_str().unwrap().to_owned();
        fields.iter().map(|field| format!("{}: {}", text(field, "field"), text(field, "code"))).collect()
    }
}
