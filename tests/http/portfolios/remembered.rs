//! What was shown once can be shown again, to the byte: as it was known then, and from read models that were made anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use events::Interval;
use jiff::{SignedDuration, Timestamp};
use projections::bars::{self, BarPrices, ImportedBar, Once, Source};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tapedeck::app::{Role, RunningApp};
use tapedeck::http::{Api, NoQuotes, Parts, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Portfolios;
use super::snapshots::is_settled;
use crate::http::kit::{Deck, Send, client_of, deck};
use crate::support::app::caught_up;

/// Dates that are asked about; the last is long before all that happens.
const DATES: [&str; 3] = ["2025-01-17", "2025-02-07", "2025-02-28"];

/// What was shown of a portfolio on a date.
#[derive(Debug)]
struct Shown {
    date: &'static str,
    /// When that was.
    at: Timestamp,
    bodies: Vec<String>,
}

fn paths(portfolio: &str, date: &str) -> Vec<String> {
    [
        format!("/data/positions/details?portfolio_id={portfolio}&include_closed=true"),
        format!("/positions?portfolio_id={portfolio}&group_by=type"),
        format!("/portfolios/{portfolio}?"),
        "/portfolios?".to_owned(),
        format!("/portfolios/{portfolio}/equity-changes?"),
        format!("/analytics/portfolio/{portfolio}/overview?"),
        format!("/analytics/portfolio/{portfolio}/concentration?"),
        format!("/data/portfolio/{portfolio}/snapshot?"),
        format!("/data/portfolio/{portfolio}/snapshots?start_date=2025-01-01"),
        format!("/target-prices/{portfolio}/aggregate?"),
    ]
    .into_iter()
    .map(|path| format!("{path}&as_of_date={date}"))
    .collect()
}

/// The bytes of the data of an answer.
async fn data(client: &Client, base: &str, path: &str) -> String {
    let response = client.get(format!("{base}/api/v1{path}")).send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status.as_u16(), 200, "{path}: {text}");
    let end = text.rfind(",\"meta\":").unwrap();
    text[..end].to_owned()
}

async fn all(
    client: &Client,
    base: &str,
    portfolio: &str,
    date: &str,
    known_at: Option<Timestamp>,
) -> Vec<String> {
    let mut bodies = Vec::new();
    for path in paths(portfolio, date) {
        let known_at = known_at.map(|at| format!("&known_at={at}")).unwrap_or_default();
        bodies.push(data(client, base, &format!("{path}{known_at}")).await);
    }
    bodies
}

/// Waits until nobody values the portfolio any more, and reads what is shown.
async fn shown(deck: &Deck, portfolio: &str, date: &'static str) -> Shown {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_settled(deck).await {
        assert!(Instant::now() < deadline, "the portfolio is not valued");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    caught_up(&deck.running.app).await;
    let bodies = all(&deck.client, &deck.base, portfolio, date, None).await;
    Shown { date, at: events::time::now(), bodies }
}

#[track_caller]
fn are_equal(portfolio: &str, date: &str, found: &[String], wanted: &[String]) {
    for ((found, wanted), path) in found.iter().zip(wanted).zip(paths(portfolio, date)) {
        assert_eq!(found, wanted, "{path}");
    }
}

/// Brings another close of AAPL on a day that was shown.
async fn correct_a_close(deck: &Deck) {
    let mut client = deck.running.app.log.connector().connect().await.unwrap();
    let start: Timestamp = "2025-01-16T00:00:00Z".parse().unwrap();
    let price = "777".parse().unwrap();
    let bar = ImportedBar {
        symbol: "AAPL".parse().unwrap(),
        interval: Interval::Day,
        start,
        end: start + SignedDuration::from_hours(24),
        prices: BarPrices::Full { open: price, high: price, low: price, close: price },
        volume: None,
        adjusted_close: None,
    };
    let source = Source { name: "corrected".to_owned(), format: "test".to_owned(), identity: None };
    let stored = bars::load(&mut client, source, [bar], &json!({}), events::time::now()).await;
    assert!(matches!(stored.unwrap(), Once::New(_)));
}

/// A portfolio that changes three times, and what was shown after each change.
async fn evolved(deck: &Deck) -> (String, Vec<Shown>) {
    let portfolio = deck.portfolio("Growth").await;
    let lot = |symbol: &str, quantity: &str, price: &str, date: &str| json!({"symbol": symbol, "quantity": quantity, "entry_price": price, "entry_date": date});
    let mut history = Vec::new();
    let entered = deck.enter(&portfolio, lot("AAPL", "100", "110", "2025-01-06")).await;
    let position = entered.data(201)["id"].as_str().unwrap().to_owned();
    history.push(shown(deck, &portfolio, DATES[0]).await);
    deck.enter(&portfolio, lot("MSFT", "-50", "190", "2025-01-22")).await.data(201);
    let sold = json!({"close_quantity": "40", "exit_price": "120", "exit_date": "2025-02-03"});
    deck.put(&format!("/positions/{position}"), &sold).await.data(200);
    history.push(shown(deck, &portfolio, DATES[1]).await);
    let flow = json!({"change_type": "CONTRIBUTION", "amount": "2500", "change_date": "2025-02-16"});
    deck.post(&format!("/portfolios/{portfolio}/equity-changes"), &flow).await.data(201);
    history.push(shown(deck, &portfolio, DATES[2]).await);

    // Everything from here on speaks of dates that were shown before.
    deck.enter(&portfolio, lot("QQQ", "7", "480", "2025-01-08")).await.data(201);
    deck.put(&format!("/positions/{position}"), &json!({"entry_price": "105", "notes": "was 105"}))
        .await
        .data(200);
    let flow = json!({"change_type": "WITHDRAWAL", "amount": "300", "change_date": "2025-01-10"});
    deck.post(&format!("/portfolios/{portfolio}/equity-changes"), &flow).await.data(201);
    let target = json!({"symbol": "AAPL", "target_price_eoy": "230"});
    deck.post(&format!("/target-prices/{portfolio}"), &target).await.data(201);
    deck.put(&format!("/portfolios/{portfolio}"), &json!({"name": "Renamed"})).await.data(200);
    correct_a_close(deck).await;
    (portfolio, history)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_shown_again_as_it_was_known_then() {
    let deck = deck().await;
    let (portfolio, history) = evolved(&deck).await;
    for Shown { date, at, bodies } in &history {
        let now = shown(&deck, &portfolio, date).await;
        assert_ne!(now.bodies[0], bodies[0], "what came later changes {date}");
        let again = all(&deck.client, &deck.base, &portfolio, date, Some(*at)).await;
        are_equal(&portfolio, date, &again, bodies);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_that_are_made_anew_show_the_same() {
    let deck = deck().await;
    let (portfolio, history) = evolved(&deck).await;
    let mut before: Vec<Vec<String>> = Vec::new();
    for Shown { date, at, .. } in &history {
        before.push(shown(&deck, &portfolio, date).await.bodies);
        before.push(all(&deck.client, &deck.base, &portfolio, date, Some(*at)).await);
    }
    for projection in ["portfolios", "snapshots", "tags"] {
        let path = format!("/projections/{projection}/rebuild");
        let rebuilt = deck.request(Method::POST, &path).reply().await;
        assert_eq!(rebuilt.data(200)["finished"], Value::Bool(true), "{projection}");
    }
    // Another process has nothing in memory.
    let config = (*deck.running.app.config).clone();
    let other = RunningApp::start(config, &[Role::Api].into()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (app, stopping) = (other.app.clone(), CancellationToken::new());
    let parts = Parts { nats: app.nats.clone(), app, quotes: Arc::<NoQuotes>::default() };
    tokio::spawn(serve(Api::new(parts), listener, stopping.clone()));
    let client = client_of(&deck.token);
    let mut after = before.iter();
    for Shown { date, at, .. } in &history {
        for known_at in [None, Some(*at)] {
            let found = all(&client, &base, &portfolio, date, known_at).await;
            are_equal(&portfolio, date, &found, after.next().unwrap());
        }
    }
    stopping.cancel();
    other.stop().await.unwrap();
}
