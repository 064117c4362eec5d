//! Starting, listing, cancelling and deleting runs.

use reqwest::Method;
use serde_json::json;

use super::Runs;
use crate::http::kit::{Send, deck, idle_deck};
use crate::http::models::Models;

#[tokio::test(flavor = "multi_thread")]
async fn a_started_run_is_accepted_and_found_with_its_frozen_terms() {
    let deck = idle_deck().await;
    let model = deck.model(json!({"name": "M", "symbols": ["AAPL", "MSFT"]})).await;
    let started = deck.start_run(&model, json!({"symbols": ["MSFT"], "initial_cash": "500"})).await;
    let run = started.data(202)["run_id"].as_str().unwrap().to_owned();
    assert_eq!(started.data(202)["run_number"], 1);
    assert_eq!(started.header("location"), format!("/api/v1/runs/{run}"));
    let found = deck.get_after(started.position(), &format!("/runs/{run}")).await;
    let data = found.data(200);
    assert_eq!(data["status"], "pending");
    assert_eq!(data["bars_total"], 60);
    assert_eq!(data["initial_cash"], "500");
    assert_eq!(data["figures"], json!(null));
    assert_eq!(data["first_bar_at"], "2025-01-01T00:00:00Z");
    assert_eq!(data["snapshot"]["symbols"], json!(["MSFT"]));
    assert_eq!(data["snapshot"]["fill_rule"], "open");
    assert_eq!(data["snapshot"]["bars"]["fingerprint"].as_str().unwrap().len(), 64);
    assert!(deck.get(&format!("/runs/{run}/equity")).await.items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_is_refused_with_every_reason() {
    let deck = idle_deck().await;
    let model = deck.model(json!({"name": "M", "symbols": ["AAPL", "MSFT"]})).await;
    let refused = async |wishes| deck.start_run(&model, wishes).await.problem(422, "validation_failed");
    assert_eq!(
        refused(json!({"start_date": "2025-02-01", "end_date": "2025-01-01", "symbols": ["TSLA"]})).await,
        ["end_date: before_start", "symbols: not_allowed"]
    );
    assert_eq!(
        refused(json!({"start_date": "2020-01-01", "end_date": "2020-02-01"})).await,
        ["start_date: no_bars"]
    );
    assert_eq!(refused(json!({"end_date": "2999-01-01"})).await, ["end_date: in_the_future"]);
    assert_eq!(refused(json!({"initial_cash": "-1"})).await, ["initial_cash: out_of_range"]);
    assert_eq!(
        refused(json!({"start_date": "yesterday", "fast": 1})).await,
        ["start_date: invalid", "fast: unknown"]
    );
    let everything = deck.model(json!({"name": "All"})).await;
    let unknown = deck.start_run(&everything, json!({"symbols": ["NOPE"]})).await;
    assert_eq!(unknown.problem(422, "validation_failed"), ["symbols: unknown_symbol"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_starts_one_run() {
    let deck = idle_deck().await;
    let model = deck.model(json!({"name": "M", "symbols": ["AAPL"]})).await;
    let send = |end: &'static str| {
        let body = json!({"start_date": "2025-01-01", "end_date": end});
        let request = deck.request(Method::POST, &format!("/models/{model}/runs"));
        request.header("idempotency-key", "once").json(&body).reply()
    };
    let (first, again) = (send("2025-02-01").await, send("2025-02-01").await);
    assert_eq!(first.data(202)["run_id"], again.data(202)["run_id"]);
    assert_eq!(again.data(202)["duplicate"], true);
    assert_eq!(first.position(), again.position());
    send("2025-02-02").await.problem(422, "idempotency_key_reused");
    assert_eq!(deck.get_after(first.position(), "/runs").await.items().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_filtered_by_model_and_status() {
    let deck = idle_deck().await;
    let (one, other) = (deck.model(json!({"name": "1"})).await, deck.model(json!({"name": "2"})).await);
    let first = deck.run(&one, json!({})).await;
    let second = deck.run(&one, json!({})).await;
    let third = deck.run(&other, json!({})).await;
    let cancelled = deck.post(&format!("/runs/{second}/cancel"), &json!({})).await.position();
    let ids = async |filter: &str| {
        let reply = deck.get_after(cancelled, &format!("/runs{filter}")).await;
        reply.items().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [third.clone(), second.clone(), first.clone()]);
    assert_eq!(ids(&format!("?model={one}")).await, [second.clone(), first.clone()]);
    assert_eq!(ids("?status=cancelled").await, [second]);
    assert_eq!(ids(&format!("?status=pending&model={other}")).await, [third]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_keeps_its_reason_and_can_be_deleted() {
    let deck = idle_deck().await;
    let model = deck.model(json!({"name": "M"})).await;
    let run = deck.run(&model, json!({})).await;
    let path = format!("/runs/{run}");
    deck.delete(&path).await.problem(409, "run_active");
    let cancelled = deck.post(&format!("{path}/cancel"), &json!({"reason": "wrong symbols"})).await;
    assert_eq!(cancelled.data(200)["status"], "cancelled");
    let again = deck.request(Method::POST, &format!("{path}/cancel")).reply().await;
    assert_eq!(again.data(200)["status"], "cancelled", "a body may be left out");
    let found = deck.get_after(cancelled.position(), &path).await;
    assert_eq!(found.data(200)["reason"], "wrong symbols");
    let deleted = deck.delete(&path).await.position();
    deck.get_after(deleted, &path).await.problem(404, "not_found");
    deck.post(&format!("{path}/cancel"), &json!({})).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_run_records_belongs_to_the_request_that_started_it() {
    let deck = deck().await;
    let model = deck.model(json!({"name": "M", "symbols": ["AAPL"]})).await;
    let started = deck.start_run(&model, json!({})).await;
    let run = started.data(202)["run_id"].as_str().unwrap().to_owned();
    let (end, position) = deck.end_of(&run).await;
    assert_eq!(end, "completed");
    let events = deck.get_after(position, &format!("/events?stream=run-{run}")).await;
    let [requested, caused @ ..] = events.items().as_slice() else { panic!("no events") };
    assert!(!caused.is_empty());
    for event in caused {
        assert_eq!(event["meta"]["request_id"], started.header("x-request-id"));
        assert_eq!(event["correlation_id"], requested["correlation_id"]);
        assert_eq!(event["causation_position"], requested["position"]);
    }
    assert_eq!(requested["correlation_id"], started.header("x-request-id"));
}
