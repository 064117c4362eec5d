//! What a run that is over shows.

use serde_json::{Value, json};

use super::Runs;
use crate::http::kit::deck;

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_gapless_and_the_curve_ends_at_the_value() {
    let deck = deck().await;
    let run = deck.completed_run().await;
    let mut records: Vec<Value> = Vec::new();
    let mut path = format!("/runs/{run}/ledger?limit=7");
    loop {
        let page = deck.get(&path).await;
        records.extend(page.items().iter().cloned());
        let Some(cursor) = page.next_cursor() else { break };
        path = format!("/runs/{run}/ledger?limit=7&cursor={cursor}");
    }
    let numbers: Vec<_> = records.iter().map(|record| record["record"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    let actions: Vec<_> = records.iter().map(|record| record["action"].as_str().unwrap()).collect();
    assert_eq!(actions[0], "opened");
    assert!(actions.contains(&"buy") && actions.contains(&"no_trade"), "{actions:?}");
    let bought = records.iter().find(|record| record["action"] == "buy").unwrap();
    assert!(bought["price"].is_string() && bought["quantity"].is_string() && bought["cash"].is_string());

    let curve = deck.get(&format!("/runs/{run}/equity?limit=200")).await;
    assert_eq!((curve.items().len(), &curve.meta()["total"]), (60, &json!(60)));
    let detail = deck.get(&format!("/runs/{run}")).await;
    assert_eq!(detail.data(200)["records"], records.len());
    assert_eq!(curve.items()[59]["value"], detail.data(200)["value"]);
    assert!(detail.data(200)["figures"]["total_return"].is_f64());
    let thin = deck.get(&format!("/runs/{run}/equity?points=10")).await;
    assert!(thin.items().len() <= 10);
    assert_eq!(thin.items()[0], curve.items()[0]);
    assert_eq!(thin.items().last(), curve.items().last());
    let refused = deck.get(&format!("/runs/{run}/equity?points=3")).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["points: invalid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_numbers_or_null_with_a_reason() {
    let deck = deck().await;
    let run = deck.completed_run().await;
    let path = format!("/runs/{run}/performance");
    let reply = deck.get(&path).await;
    let found = reply.data(200);
    assert_eq!(
        found["convention"],
        json!({"name": "standard", "periods_per_year": 252.0, "risk_free_annual": 0.0})
    );
    assert_eq!(found["benchmark"], "QQQ");
    assert!(found["equity"]["sharpe"].is_f64());
    assert_eq!(found["equity"]["points"], 60);
    assert_eq!(found["equity"]["benchmark_return"], 0.0);
    assert_eq!(found["equity"]["beta"], Value::Null);
    assert_eq!(found["equity"]["unavailable"]["beta"], "zero deviation of the benchmark");
    assert_eq!(found["trades"]["win_rate"], Value::Null);
    assert_eq!(found["trades"]["unavailable"]["win_rate"], "no closing trades");
    let upstream = deck.get(&format!("{path}?convention=ai_trader&risk_free=0.02&benchmark=AAPL")).await;
    assert_eq!(upstream.data(200)["convention"]["periods_per_year"], 1638.0);
    assert_eq!(upstream.data(200)["convention"]["risk_free_annual"], 0.02);
    assert!(upstream.data(200)["equity"]["beta"].is_f64());
    let part = deck.get(&format!("{path}?from=2025-01-10&to=2025-01-20")).await;
    assert_eq!(part.data(200)["equity"]["points"], 11);
    assert_eq!(part.data(200)["first_bar_at"], "2025-01-10T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_ways_to_count_are_refused() {
    let deck = deck().await;
    let path = format!("/runs/{}/performance", deck.completed_run().await);
    let refused =
        async |query: &str| deck.get(&format!("{path}?{query}")).await.problem(422, "validation_failed");
    assert_eq!(refused("convention=mine&risk_free=-2").await, ["convention: invalid", "risk_free: invalid"]);
    assert_eq!(refused("risk_free=NaN").await, ["risk_free: invalid"]);
    assert_eq!(refused("benchmark=NOPE").await, ["benchmark: unknown_symbol"]);
    assert_eq!(refused("from=2025-02-01&to=2025-01-01").await, ["to: before_from"]);
}
