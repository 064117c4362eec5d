//! Runs beside each other.

use serde_json::json;

use super::Runs;
use crate::http::kit::deck;
use crate::http::models::Models;

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_compared_where_they_differ() {
    let deck = deck().await;
    let one = deck.completed_run().await;
    let model = deck.model(json!({"name": "Other", "symbols": ["MSFT"]})).await;
    let other = deck.run(&model, json!({"initial_cash": "5000"})).await;
    let (_, position) = deck.end_of(&other).await;
    let reply = deck.get_after(position, &format!("/runs/compare?run_ids={one},{other}&points=20")).await;
    let found = reply.data(200);
    let ids: Vec<_> = found["runs"].as_array().unwrap().iter().map(|run| &run["run"]["run_id"]).collect();
    assert_eq!(ids, [&json!(one), &json!(other)]);
    let cash = json!({"setting": "initial_cash", "values": ["10000", "5000"]});
    assert!(found["differences"].as_array().unwrap().contains(&cash), "{:#}", found["differences"]);
    assert_eq!(found["curves"]["total"], 60);
    assert!(found["curves"]["points"].as_array().unwrap().len() <= 20);
    assert!((found["correlations"][0][0].as_f64().unwrap() - 1.0).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_unknown_or_repeated_runs_are_refused() {
    let deck = deck().await;
    let run = deck.completed_run().await;
    let refused = async |ids: &str| deck.get(&format!("/runs/compare?run_ids={ids}")).await;
    assert_eq!(refused(&run).await.problem(422, "validation_failed"), ["run_ids: out_of_range"]);
    assert_eq!(
        refused(&format!("{run},{run}")).await.problem(422, "validation_failed"),
        ["run_ids: not_unique"]
    );
    assert_eq!(
        refused("a,b").await.problem(422, "validation_failed"),
        ["run_ids: invalid", "run_ids: invalid"]
    );
    refused(&format!("{run},01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77")).await.problem(404, "not_found");
    assert_eq!(deck.get("/runs/compare").await.problem(422, "validation_failed"), ["run_ids: required"]);
}
