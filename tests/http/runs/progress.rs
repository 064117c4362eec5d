//! Following a run.

use serde_json::json;

use super::Runs;
use crate::http::kit::{Send, deck, idle_deck};
use crate::http::models::Models;
use crate::http::sse::Following;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_followed_from_its_request_to_its_end() {
    let deck = deck().await;
    let model = deck.model(json!({"name": "M", "symbols": ["AAPL"]})).await;
    let run = deck.run(&model, json!({})).await;
    let events = deck.follow(&format!("/runs/{run}/progress"), None).await.rest().await;
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names[..2], ["connected", "requested"]);
    assert_eq!(names.last(), Some(&"completed"));
    assert!(names.contains(&"trade"));
    let progress: Vec<_> = events.iter().filter(|event| event.name == "progress").collect();
    assert_eq!(progress.last().unwrap().data["bars_done"], 60);
    assert!(
        progress.iter().all(|event| event.data["run_id"] == json!(run) && event.data["bars_total"] == 60)
    );
    assert!(events.last().unwrap().data["figures"]["total_return"].is_f64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnecting_follower_loses_and_repeats_nothing() {
    let deck = deck().await;
    let path = format!("/runs/{}/progress", deck.completed_run().await);
    let all = deck.follow(&path, None).await.rest().await;
    for cut in 1..all.len() - 1 {
        let again = deck.follow(&path, Some(all[cut].position())).await.rest().await;
        assert_eq!(again[0].name, "connected");
        assert_eq!(again[1..], all[cut + 1..], "after event {cut}");
    }
    let end = all.last().unwrap().position();
    let over = deck.request(reqwest::Method::GET, &path).header("last-event-id", end).reply().await;
    assert_eq!(over.status, 204, "browsers stop reconnecting");
    let wrong = deck.request(reqwest::Method::GET, &path).header("last-event-id", "x").reply().await;
    assert_eq!(wrong.problem(422, "validation_failed"), ["Last-Event-ID: invalid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_hears_of_a_cancellation_and_of_a_server_that_stops() {
    let deck = idle_deck().await;
    let model = deck.model(json!({"name": "M"})).await;
    let (one, other) = (deck.run(&model, json!({})).await, deck.run(&model, json!({})).await);
    let mut followed = deck.follow(&format!("/runs/{one}/progress"), None).await;
    let mut waiting = deck.follow(&format!("/runs/{other}/progress"), None).await;
    followed.take(2).await;
    waiting.take(2).await;
    deck.post(&format!("/runs/{one}/cancel"), &json!({"reason": "enough"})).await.data(200);
    let rest = followed.rest().await;
    assert_eq!(rest.len(), 1);
    assert_eq!((rest[0].name.as_str(), &rest[0].data["reason"]), ("cancelled", &json!("enough")));
    deck.stopping.cancel();
    assert!(waiting.rest().await.is_empty());
    assert_eq!(waiting.comments, [": the server stops"]);
}
