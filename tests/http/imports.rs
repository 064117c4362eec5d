//! Prices that are uploaded.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tapedeck::app::Role;
use tapedeck::http::NoQuotes;

use super::kit::{Deck, Reply, Send, deck_of};

const CLOSES: &str =
    "date,GLD,TLT\n2024-01-02,190.72,98.19\n2024-01-03,188.90,98.80\n2024-01-05,oops,96.97\n";

async fn small_deck() -> Deck {
    let roles = [Role::Api, Role::Projector].into();
    deck_of(&roles, Arc::<NoQuotes>::default(), |config| config.http.import_bytes_max = 100_000).await
}

async fn upload(deck: &Deck, query: &str, body: impl Into<reqwest::Body>) -> Reply {
    deck.request(Method::POST, &format!("/imports/prices?{query}")).body(body).reply().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_once_and_its_bars_are_there() {
    let deck = small_deck().await;
    let first = upload(&deck, "file=closes.csv", CLOSES).await;
    let told = first.data(200);
    assert_eq!((&told["outcome"], &told["bars_added"]), (&json!("imported"), &json!(5)));
    assert_eq!(told["report"]["rejected"][0]["line"], 4);
    assert_eq!(deck.get("/bars?symbol=GLD&interval=1d").await.items().len(), 2);
    let again = upload(&deck, "file=closes.csv", CLOSES).await;
    let told = again.data(200);
    assert_eq!((&told["outcome"], &told["bars_added"]), (&json!("imported_before"), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_prices_is_refused_and_stores_nothing() {
    let deck = small_deck().await;
    let strict = upload(&deck, "file=closes.csv&strict=true", CLOSES).await;
    assert_eq!(strict.problem(422, "validation_failed"), ["body: rejected"]);
    assert_eq!(strict.body["errors"][0]["row"], 4);
    let problem =
        async |query, body: &'static str| upload(&deck, query, body).await.problem(422, "validation_failed");
    assert_eq!(problem("file=closes.csv", "").await, ["body: empty"]);
    assert_eq!(problem("file=closes.csv", "hello\nworld\n").await, ["body: unknown_format"]);
    assert_eq!(problem("file=closes.csv&zone=Mars", CLOSES).await, ["zone: unknown"]);
    assert_eq!(
        problem("file=..%2Fcloses.csv&colour=red", CLOSES).await,
        ["file: invalid", "colour: unknown"]
    );
    assert_eq!(problem("strict=true", CLOSES).await, ["file: required"]);
    let large = upload(&deck, "file=closes.csv", "x".repeat(200_000)).await;
    large.problem(413, "body_too_large");
    deck.get("/bars?symbol=GLD&interval=1d").await.problem(422, "validation_failed");
}
