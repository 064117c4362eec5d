//! The leaderboard.

use serde_json::json;

use super::kit::deck;
use super::models::Models;
use super::runs::Runs;

#[tokio::test(flavor = "multi_thread")]
async fn completed_runs_are_ranked() {
    let deck = deck().await;
    let mut last = 0;
    for (name, symbol) in [("Falls", "MSFT"), ("Rises", "AAPL")] {
        let model = deck.model(json!({"name": name, "symbols": [symbol]})).await;
        let run = deck.run(&model, json!({})).await;
        last = deck.end_of(&run).await.1;
    }
    let names = async |query: &str| {
        let reply = deck.get_after(last, &format!("/leaderboard{query}")).await;
        reply.items().iter().map(|entry| entry["model_name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["Rises", "Falls"]);
    assert_eq!(names("?rank_by=max_drawdown&scope=all_runs").await, ["Rises", "Falls"]);
    let first = deck.get("/leaderboard?limit=1").await;
    assert_eq!(first.items()[0]["rank"], 1);
    assert!(first.items()[0]["cumulative_return"].as_f64().unwrap() > 0.0);
    assert!(first.items()[0]["final_value"].is_string());
    assert_eq!(names(&format!("?limit=1&cursor={}", first.next_cursor().unwrap())).await, ["Falls"]);
    let wrong = deck.get("/leaderboard?rank_by=luck&scope=mine&model=7").await;
    assert_eq!(
        wrong.problem(422, "validation_failed"),
        ["rank_by: invalid", "scope: invalid", "model: invalid"]
    );
}
