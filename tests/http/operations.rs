//! The log, read models and actors as operators see them.

use reqwest::Method;
use serde_json::json;

use super::kit::{CLAIMED, Send, idle_deck};
use super::models::Models;

/// EL-59.
#[tokio::test(flavor = "multi_thread")]
async fn operators_see_log_read_models_and_actors() {
    let deck = idle_deck().await;
    let model = deck.create_model(json!({"name": "M"})).await;
    let log = deck.get("/log").await;
    assert_eq!(log.data(200)["head"], CLAIMED + 1);
    assert_eq!(log.data(200)["appender"]["events"], CLAIMED + 1);
    deck.get_after(model.position(), "/streams").await.data(200);
    let shards = deck.get("/projections").await;
    let names: Vec<_> = shards.items().iter().map(|shard| shard["projection"].as_str().unwrap()).collect();
    for name in ["equity", "leaderboard", "ledger", "models", "runs", "streams"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(shards.items().iter().all(|shard| shard["status"] == "running" && shard["parked"] == 0));
    assert_eq!(deck.get("/actors").await.meta()["total"], 2, "the owner's account and the model");
    let actors = deck.get("/actors?category=model").await;
    let id = model.data(201)["model_id"].as_str().unwrap();
    assert_eq!(actors.items()[0]["stream"], format!("model-{id}"));
    assert_eq!(actors.items()[0]["phase"], "serving");
    assert!(deck.get("/actors?category=run").await.items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_is_folded_anew_where_it_is() {
    let deck = idle_deck().await;
    let model = deck.create_model(json!({"name": "M"})).await;
    deck.get_after(model.position(), "/models").await.data(200);
    let rebuilt = deck.request(Method::POST, "/projections/models/rebuild").reply().await;
    let told = rebuilt.data(200);
    assert_eq!((&told["finished"], &told["rows"], &told["events"]), (&json!(true), &json!(1), &json!(1)));
    assert_eq!(deck.get("/models").await.items().len(), 1);
    let unknown = deck.request(Method::POST, "/projections/fortunes/rebuild").reply().await;
    unknown.problem(404, "not_found");
}
