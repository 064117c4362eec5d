//! Portfolios: their settings, their history, and as of when they are shown.

mod data;
mod equity_changes;
mod imports;
mod positions;
mod remembered;
mod snapshots;
mod target_prices;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::caught_up;

use super::kit::{Deck, Reply, Send, deck, deck_of};

/// Short ways to work with portfolios. The deck has prices of January and February 2025.
pub trait Portfolios {
    async fn open_portfolio(&self, body: Value) -> Reply;
    /// The id of a new portfolio that began with 50,000 in January 2025.
    async fn portfolio(&self, name: &str) -> String;
    async fn enter(&self, portfolio: &str, position: Value) -> Reply;
    async fn put(&self, path: &str, body: &Value) -> Reply;
    /// Reads after everything that was written can be seen, as a client does that names the position of its last write.
    async fn see(&self, path: &str) -> Reply;
}

impl Portfolios for Deck {
    async fn open_portfolio(&self, body: Value) -> Reply {
        self.post("/portfolios", &body).await
    }

    async fn portfolio(&self, name: &str) -> String {
        let opened = self.open_portfolio(growth(name)).await;
        opened.data(201)["id"].as_str().unwrap().to_owned()
    }

    async fn enter(&self, portfolio: &str, mut position: Value) -> Reply {
        position["portfolio_id"] = json!(portfolio);
        self.post("/positions", &position).await
    }

    async fn put(&self, path: &str, body: &Value) -> Reply {
        self.request(Method::PUT, path).json(body).reply().await
    }

    async fn see(&self, path: &str) -> Reply {
        caught_up(&self.running.app).await;
        self.get(path).await
    }
}

fn growth(name: &str) -> Value {
    json!({
        "name": name, "account_name": name, "account_type": "taxable", "equity_balance": "50000",
        "inception_date": "2025-01-02",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portfolio_is_opened_changed_deleted_and_restored() {
    let deck = deck().await;
    let opened = deck.open_portfolio(growth("Growth")).await;
    let portfolio = opened.data(201).clone();
    let path = format!("/portfolios/{}", portfolio["id"].as_str().unwrap());
    assert_eq!(opened.header("location"), format!("/api/v1{path}"));
    assert_eq!(opened.header("etag"), "\"1\"");
    for (field, value) in [
        ("name", json!("Growth")),
        ("currency", json!("USD")),
        ("equity_balance", json!("50000")),
        ("net_asset_value", json!("50000")),
        ("is_active", json!(true)),
        ("position_count", json!(0)),
        ("version", json!(1)),
        ("deleted_at", Value::Null),
    ] {
        assert_eq!(portfolio[field], value, "{field}");
    }
    assert_eq!(deck.get_after(opened.position(), &path).await.data(200), &portfolio);

    let changed = deck.put(&path, &json!({"name": "Income", "description": "d"})).await;
    assert_eq!(changed.data(200)["name"], "Income");
    assert_eq!(changed.data(200)["version"], 2);
    let stale = deck.request(Method::PUT, &path).header("if-match", "\"1\"").json(&json!({"name": "X"}));
    stale.reply().await.problem(412, "version_mismatch");
    assert_eq!(
        deck.put(&path, &json!({"name": null, "colour": 1})).await.problem(422, "validation_failed"),
        ["name: required", "colour: unknown"]
    );

    deck.delete(&path).await.problem(409, "LAST_ACTIVE_PORTFOLIO");
    deck.put(&path, &json!({"is_active": false})).await.problem(409, "LAST_ACTIVE_PORTFOLIO");
    let other = deck.portfolio("Other").await;
    let deleted = deck.delete(&path).await;
    assert!(deleted.data(200)["deleted_at"].as_str().unwrap().ends_with('Z'));
    let listed = deck.get_after(deleted.position(), "/portfolios").await;
    let ids: Vec<&str> = listed.data(200)["portfolios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [other.as_str()]);
    deck.get_after(deleted.position(), &path).await.problem(404, "not_found");
    let before = format!("{path}?known_at={}", opened.position());
    assert_eq!(deck.see(&before).await.data(200)["name"], "Growth", "what was known then stays");

    let restored = deck.post(&format!("{path}/restore"), &json!({})).await;
    assert_eq!(restored.data(200)["name"], "Income");
    let history = deck.get_after(restored.position(), &format!("{path}/history?limit=2")).await;
    let types = |reply: &Reply| -> Vec<String> {
        reply.items().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(types(&history), ["PortfolioRestored", "PortfolioClosed"]);
    assert_eq!(history.items()[0]["request_id"], restored.meta()["request_id"]);
    let cursor = history.next_cursor().unwrap();
    let rest = deck.see(&format!("{path}/history?limit=2&cursor={cursor}")).await;
    assert_eq!(types(&rest), ["PortfolioChanged", "PortfolioOpened"]);
    assert_eq!(rest.next_cursor(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_names_are_unique_and_there_is_a_limit() {
    let roles = tapedeck::app::Role::all();
    let quotes = std::sync::Arc::<tapedeck::http::NoQuotes>::default();
    let deck = deck_of(&roles, quotes, |config| config.portfolios.per_owner_max = 2).await;
    let first = deck.request(Method::POST, "/portfolios").header("idempotency-key", "k");
    let first = first.json(&growth("One")).reply().await;
    let again = deck.request(Method::POST, "/portfolios").header("idempotency-key", "k");
    assert_eq!(again.json(&growth("One")).reply().await.data(201)["id"], first.data(201)["id"]);
    deck.open_portfolio(growth("ONE")).await.problem(409, "ACCOUNT_NAME_TAKEN");
    deck.portfolio("Two").await;
    deck.open_portfolio(growth("Three")).await.problem(403, "PORTFOLIO_LIMIT");
    let broken = deck.open_portfolio(json!({"name": "", "account_name": "x", "account_type": "piggy"})).await;
    assert_eq!(broken.problem(422, "validation_failed"), ["account_type: invalid"]);
}
