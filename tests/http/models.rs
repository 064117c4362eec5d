//! Models.

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{Deck, Reply, Send, deck, idle_deck};
use super::runs::Runs;

/// Short ways to work with models.
pub trait Models {
    async fn create_model(&self, body: Value) -> Reply;
    /// The id of a new model.
    async fn model(&self, body: Value) -> String;
}

impl Models for Deck {
    async fn create_model(&self, body: Value) -> Reply {
        self.post("/models", &body).await
    }

    async fn model(&self, body: Value) -> String {
        self.create_model(body).await.data(201)["model_id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_created_with_defaults_and_found_again() {
    let deck = deck().await;
    let created = deck.create_model(json!({"name": "Golden Cross!"})).await;
    let model = created.data(201).clone();
    assert_eq!(created.header("location"), format!("/api/v1/models/{}", model["model_id"].as_str().unwrap()));
    assert_eq!(created.header("etag"), "\"1\"");
    for (field, value) in [
        ("signature", json!("golden-cross")),
        ("initial_cash", json!("10000")),
        ("commission_rate", json!("0")),
        ("policy", json!({"name": "builtin/buy-and-hold", "parameters": {}})),
        ("symbols", Value::Null),
        ("runs", json!(0)),
        ("version", json!(1)),
    ] {
        assert_eq!(model[field], value, "{field}");
    }
    assert!(model["created_at"].as_str().unwrap().ends_with('Z'));
    let path = format!("/models/{}", model["model_id"].as_str().unwrap());
    let found = deck.get_after(created.position(), &path).await;
    assert_eq!(found.data(200), &model);
    assert_eq!(found.header("etag"), "\"1\"");
    let twin = deck.create_model(json!({"name": "Golden cross"})).await;
    assert_eq!(deck.get_after(twin.position(), "/models").await.items().len(), 2);
    assert_eq!(twin.data(201)["signature"], "golden-cross-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_come_newest_first_in_pages() {
    let deck = deck().await;
    let mut last = 0;
    for number in 0..5 {
        last = deck.create_model(json!({"name": format!("M{number}")})).await.position();
    }
    let mut names = Vec::new();
    let mut path = "/models?limit=2".to_owned();
    loop {
        let page = deck.get_after(last, &path).await;
        names.extend(page.items().iter().map(|model| model["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.next_cursor() else { break };
        path = format!("/models?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["M4", "M3", "M2", "M1", "M0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_leaves_what_it_does_not_name_and_clears_what_is_null() {
    let deck = deck().await;
    let path = format!(
        "/models/{}",
        deck.model(json!({"name": "A", "description": "d", "symbols": ["msft"]})).await
    );
    let changed = deck.patch(&path, &json!({"initial_cash": "500", "description": null})).await;
    assert_eq!(changed.data(200)["initial_cash"], "500");
    assert_eq!(changed.data(200)["description"], Value::Null);
    assert_eq!(changed.data(200)["symbols"], json!(["MSFT"]));
    assert_eq!(changed.data(200)["version"], 2);
    assert_eq!(
        deck.patch(&path, &json!({"name": null})).await.problem(422, "validation_failed"),
        ["name: required"]
    );
    let nothing = deck.patch(&path, &json!({})).await;
    assert_eq!(nothing.data(200)["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_another_version_is_refused() {
    let deck = deck().await;
    let path = format!("/models/{}", deck.model(json!({"name": "A"})).await);
    let change = |version: &'static str, key: &'static str| {
        let request = deck.request(Method::PATCH, &path).header("if-match", version);
        request.header("idempotency-key", key).json(&json!({"name": key})).reply()
    };
    assert_eq!(change("\"1\"", "B").await.data(200)["version"], 2);
    change("\"1\"", "C").await.problem(412, "version_mismatch");
    assert_eq!(change("1", "C").await.problem(422, "validation_failed"), ["If-Match: invalid"]);
    let again = change("\"1\"", "B").await;
    assert_eq!(again.data(200)["name"], "B", "a repetition gets its first answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_model_is_gone_and_one_with_an_active_run_stays() {
    let deck = idle_deck().await;
    let free = deck.model(json!({"name": "Free"})).await;
    let busy = deck.model(json!({"name": "Busy", "symbols": ["AAPL"]})).await;
    let run = deck.run(&busy, json!({})).await;
    deck.delete(&format!("/models/{busy}")).await.problem(409, "in_use");
    deck.post(&format!("/runs/{run}/cancel"), &json!({"reason": "enough"})).await.data(200);
    deck.delete(&format!("/models/{busy}")).await.data(200);
    let deleted = deck.delete(&format!("/models/{free}")).await;
    assert_eq!(deleted.data(200)["model_id"], free);
    assert!(deck.get_after(deleted.position(), "/models").await.items().is_empty());
    deck.get_after(deleted.position(), &format!("/models/{free}")).await.problem(404, "not_found");
    deck.patch(&format!("/models/{free}"), &json!({"name": "X"})).await.problem(404, "not_found");
    deck.delete(&format!("/models/{free}")).await.data(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_may_risk_is_set_as_a_whole_and_frozen_in_its_runs() {
    let deck = idle_deck().await;
    let rule = json!({"name": "small", "limit": {"type": "max_position", "fraction": "0.2"}});
    let risk = json!({"margin_account": true, "allow_shorting": true, "rules": [rule]});
    let body = json!({"name": "A", "symbols": ["AAPL"], "risk": risk, "allowed_order_types": ["bracket"]});
    let model = deck.model(body).await;
    let started = deck.start_run(&model, json!({})).await;
    let run = started.data(202)["run_id"].as_str().unwrap().to_owned();
    let path = format!("/models/{model}");
    let changed = deck.patch(&path, &json!({"risk": {"gates": "all"}})).await;
    assert_eq!(changed.data(200)["risk"]["gates"], "all");
    assert_eq!(changed.data(200)["risk"]["margin_account"], false);
    let found = deck.get_after(started.position(), &format!("/runs/{run}")).await;
    let snapshot = &found.data(200)["snapshot"];
    assert_eq!(snapshot["risk"]["margin_account"], true);
    assert_eq!(snapshot["risk"]["rules"][0]["priority"], 5);
    assert_eq!(snapshot["allowed_order_types"], json!(["bracket"]));
    let wrong = json!({"name": "B", "risk": {"borrow_rate": "2"}});
    let problem = deck.create_model(wrong).await.problem(422, "validation_failed");
    assert_eq!(problem, ["risk.borrow_rate: out_of_range"]);
}
