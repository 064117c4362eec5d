//! What callers are told when too much is asked, something takes too long, or a handler panics.

use std::collections::BTreeSet;
use std::sync::Arc;

use events::Symbol;
use reqwest::Method;
use serde_json::json;
use tapedeck::app::Role;
use tapedeck::http::NoQuotes;
use tapedeck::http::quotes::{Quote, QuoteBoard, QuoteNews};
use tokio::sync::broadcast;
use tokio_postgres::Client;

use super::kit::{Deck, Send, deck_of, deck_with};
use super::models::Models;

/// A deck in which one command may wait per model, and requests have half a second.
async fn narrow_deck() -> Deck {
    let roles = BTreeSet::from([Role::Api, Role::Projector]);
    deck_of(&roles, Arc::<NoQuotes>::default(), |config| {
        config.actors.permits = 1;
        config.http.request_timeout_ms = 500;
    })
    .await
}

/// Holds the counter of the log: nothing can be appended until it is dropped.
async fn hold_the_log(deck: &Deck) -> Client {
    let client = deck.running.app.log.connector().connect().await.unwrap();
    client.batch_execute("begin; select * from log_head for update").await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_given_up_and_can_be_repeated() {
    let deck = narrow_deck().await;
    let path = format!("/models/{}", deck.model(json!({"name": "A"})).await);
    let held = hold_the_log(&deck).await;
    let change = || {
        let request = deck.request(Method::PATCH, &path).header("idempotency-key", "k");
        request.json(&json!({"name": "B"})).reply()
    };
    let slow = change().await;
    slow.problem(504, "timeout");
    assert_eq!(slow.header("retry-after"), "1");
    drop(held);
    let after = loop {
        let reply = change().await;
        if reply.status == 200 {
            break reply;
        }
        // The first one is still on its way.
        assert!(reply.status == 429 || reply.status == 504, "{:?}", reply);
    };
    assert_eq!((&after.data(200)["name"], &after.data(200)["version"]), (&json!("B"), &json!(2)));
}

/// EL-96.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_can_wait_is_turned_away_with_a_time_to_come_back() {
    let deck = narrow_deck().await;
    let path = format!("/models/{}", deck.model(json!({"name": "A"})).await);
    let held = hold_the_log(&deck).await;
    let (one, other) = (json!({"name": "B"}), json!({"name": "C"}));
    let (first, second) = tokio::join!(deck.patch(&path, &one), deck.patch(&path, &other));
    let turned_away = if first.status == 429 { &first } else { &second };
    turned_away.problem(429, "overloaded");
    assert_eq!(turned_away.header("retry-after"), "1");
    assert!(deck.get("/models").await.items().len() == 1, "reads go on");
    drop(held);
}

/// A board that panics.
struct Broken;

impl QuoteBoard for Broken {
    fn all(&self) -> Vec<Quote> {
        panic!("the board fell off the wall")
    }

    fn find(&self, _symbol: &Symbol) -> Option<Quote> {
        panic!("the board fell off the wall")
    }

    fn follow(&self) -> broadcast::Receiver<QuoteNews> {
        panic!("the board fell off the wall")
    }
}

/// Identity, read models and prices all say that it passes, not that it is a fault of ours.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_callers_are_told_to_come_back() {
    let deck = super::kit::idle_deck().await;
    let id = uuid::Uuid::nil();
    deck.get("/models").await.data(200);
    deck.running.app.reads.close();
    for path in [
        "/auth/me".to_owned(),
        "/models".to_owned(),
        format!("/runs/{id}"),
        "/leaderboard".to_owned(),
        "/symbols".to_owned(),
        "/admin/users".to_owned(),
    ] {
        let reply = deck.get(&path).await;
        reply.problem(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "1", "{path}");
    }
    let login = json!({"email": super::kit::OWNER, "password": super::kit::PASSWORD});
    deck.post("/auth/login", &login).await.problem(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_answered_without_its_words_and_the_server_goes_on() {
    let deck = deck_with(&BTreeSet::new(), Arc::new(Broken)).await;
    for path in ["/quotes", "/quotes/AAPL", "/quotes/stream"] {
        let reply = deck.get(path).await;
        reply.problem(500, "internal");
        assert!(!reply.body.to_string().contains("wall"), "{}", reply.body);
    }
    deck.get("/health/live").await.data(200);
}
