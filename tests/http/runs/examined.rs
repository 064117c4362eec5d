//! A run that is verified and folded again over the API.

use reqwest::Method;
use serde_json::json;

use super::Runs;
use crate::http::kit::{Send, deck};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_audited_and_replayed_where_it_is() {
    let deck = deck().await;
    let run = deck.completed_run().await;
    let audit = deck.request(Method::POST, &format!("/runs/{run}/audit")).reply().await;
    let report = audit.data(200);
    assert_eq!((&report["stream"], &report["passed"]), (&json!(format!("run-{run}")), &json!(true)));
    let names: Vec<_> = report["checks"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    for name in ["hash chain", "fold", "ledger", "fills and sums", "decisions"] {
        assert!(names.contains(&&json!(name)), "{names:?}");
    }
    let chain = deck.request(Method::POST, &format!("/streams/run-{run}/audit")).reply().await;
    assert_eq!(chain.data(200)["checks"].as_array().unwrap().len(), 1);

    let shown = deck.get(&format!("/runs/{run}")).await;
    let path = format!("/runs/{run}/replay");
    let (now, again) = (deck.get(&path).await, deck.get(&path).await);
    assert_eq!(now.data(200), again.data(200));
    assert_eq!((&now.data(200)["value"], &now.data(200)["bars"]), (&shown.data(200)["value"], &json!(60)));
    let requested = deck.get(&format!("/streams/run-{run}/events?limit=1")).await;
    let begin = requested.items()[0]["position"].as_i64().unwrap();
    let then = deck.get(&format!("{path}?position={begin}")).await;
    assert_eq!((&then.data(200)["bars"], &then.data(200)["events"]), (&json!(0), &json!(1)));
    assert_ne!(then.data(200)["state_hash"], now.data(200)["state_hash"]);
    deck.get(&format!("{path}?position=0")).await.problem(404, "not_found");
    let both = deck.get(&format!("{path}?position=1&recorded_at=2025-01-01T00:00:00Z")).await;
    assert_eq!(both.problem(422, "validation_failed"), ["recorded_at: conflict"]);
}
