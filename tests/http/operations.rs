//! The log, read models and actors as operators see them.

use actors::work_queue::DeadLetters;
use bytes::Bytes;
use events::codec::Codec;
use events::log::{Append, Expected, Lane, NewEvent};
use events::{CommandId, Position, StreamName, Tenant};
use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{CLAIMED, Deck, Send, idle_deck};
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

/// What operators did, the newest first: the act, why, its details and what came of it.
async fn acts(deck: &Deck) -> Vec<Value> {
    let head = deck.running.app.log.head().await.unwrap();
    let acts = deck.get_after(head.0, "/admin/acts").await;
    let journal = acts.items().iter().filter(|act| act["outcome"].is_object());
    journal.map(|act| json!([act["act"], act["reason"], act["details"], act["outcome"]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_of_an_operator_is_told_with_who_why_and_what_came_of_it() {
    let deck = idle_deck().await;
    let why = json!({"reason": "a new column"});
    let rebuilt = deck.post("/projections/models/rebuild", &why).await;
    rebuilt.data(200);
    let head = deck.running.app.log.head().await.unwrap();
    assert_eq!(rebuilt.position(), head.0, "what came of it is noted before it is answered");
    let upload = async |path: &str, body: &'static str| {
        deck.request(Method::POST, &format!("/imports/{path}&reason=quarterly")).body(body).reply().await
    };
    upload("prices?file=gold.csv", "date,GLD,TLT\n2024-01-02,190.72,98.19\n").await.data(200);
    upload("prices?file=empty.csv", "").await.problem(422, "validation_failed");
    let rates = "rate_date,annual_rate\n2024-01-02,0.05\n2024-01-03,0.051\n";
    let imported = upload("reference?kind=rates&file=rates.csv", rates).await;
    assert_eq!(
        (&imported.data(200)["records_added"], &imported.data(200)["outcome"]),
        (&json!(2), &json!("imported"))
    );
    let again = upload("reference?kind=rates&file=rates.csv", rates).await;
    assert_eq!(again.data(200)["outcome"], "imported_before");
    let done = |counts: Value| json!({"status": "done", "counts": counts});
    let told = acts(&deck).await;
    let expected = [
        json!(["reference_data_imported", "quarterly", {"file": "rates.csv", "records": "risk-free rates"},
            done(json!({"imported_before": 1}))]),
        json!(["reference_data_imported", "quarterly", {"file": "rates.csv", "records": "risk-free rates"},
            done(json!({"added": 2, "changed": 0, "unchanged": 0}))]),
        json!(["prices_imported", "quarterly", {"file": "empty.csv"},
            {"status": "failed", "reason": told[2][3]["reason"]}]),
        json!(["prices_imported", "quarterly", {"file": "gold.csv"},
            done(json!({"added": 2, "changed": 0, "unchanged": 0}))]),
        json!(["read_model_rebuilt", "a new column", {"projection": "models"}, done(json!({"events": 0, "rows": 0}))]),
    ];
    assert_eq!(told, expected);
    assert!(told[2][3]["reason"].as_str().unwrap().contains("empty.csv"));
    let newest = deck.get("/admin/acts?limit=1").await;
    let first = &newest.items()[0];
    assert_eq!((&first["by"], &first["ip"]), (&json!("local"), &json!("127.0.0.1")));
    // The read model of acts is disposable as every other.
    let before = deck.get("/admin/acts").await.items().clone();
    deck.running.app.projections.rebuild("admin_acts", &deck.running.app.log, &mut |_| ()).await.unwrap();
    assert_eq!(deck.get("/admin/acts").await.items(), &before);
}

/// An event that no model can have: it was never created.
async fn poison(deck: &Deck) -> (StreamName, Position) {
    let stream = StreamName::new(Tenant::LOCAL, "model", "0198c5a2-0000-7000-8000-000000000000");
    let event = NewEvent {
        event_type: "ModelDeleted",
        schema_version: 1,
        codec: Codec::Json,
        payload: Bytes::from_static(b"{}"),
        occurred_at: None,
    };
    let append = Append::of_command(stream.clone(), Expected::Any, CommandId::generate(), vec![event]);
    (stream, deck.running.app.log.append(append, Lane::Orders).await.unwrap().last)
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_events_are_listed_tried_again_and_given_up_for_a_reason() {
    let deck = idle_deck().await;
    let (stream, position) = poison(&deck).await;
    deck.get_after(position.0, "/models").await.data(200);
    let parked = deck.get("/parked-events?projection=models").await;
    let found = &parked.items()[0];
    assert_eq!((&found["stream"], &found["position"]), (&json!(stream.to_string()), &json!(position.0)));
    assert_eq!(found["error_class"], "contradiction");
    let first = json!({"projection": "models", "first": 1});
    let retried = deck.post("/parked-events/retry", &first).await;
    let told = retried.data(200);
    assert_eq!((&told["applied"], &told["waiting"]), (&json!(0), &json!(1)));
    assert_eq!(told["failures"][0]["position"], position.0);
    let discard = async |body: Value| deck.post("/parked-events/discard", &body).await;
    let no_reason = json!({"projection": "models", "positions": [position.0]});
    assert_eq!(discard(no_reason).await.problem(422, "validation_failed"), ["reason: required"]);
    let blank = json!({"projection": "models", "positions": [position.0], "reason": " "});
    assert_eq!(discard(blank).await.problem(422, "validation_failed"), ["reason: required"]);
    let both = json!({"projection": "models", "first": 1, "stream": stream.to_string(), "reason": "r"});
    assert_eq!(discard(both).await.problem(422, "validation_failed"), ["positions: required"]);
    discard(json!({"projection": "fortunes", "first": 1, "reason": "r"})).await.problem(404, "not_found");
    let given_up = json!({"projection": "models", "stream": stream.to_string(), "reason": "never created"});
    assert_eq!(discard(given_up).await.data(200)["discarded"], 1);
    assert!(deck.get("/parked-events").await.items().is_empty());
    let kept = deck.get("/parked-events?state=discarded").await;
    assert_eq!(kept.items()[0]["resolved_by"], "local");
    assert_eq!(kept.items()[0]["resolved_reason"], "never created");
    let names: Vec<_> =
        acts(&deck).await.iter().map(|act| json!([act[0], act[1], act[2]["selection"]])).collect();
    let selection = format!("of {stream}");
    let discarded = json!(["parked_events_discarded", "never created", selection]);
    assert_eq!(names, [discarded, json!(["parked_events_retried", "", "the first 1"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_commands_are_listed_sent_again_and_given_up_for_a_reason() {
    let deck = idle_deck().await;
    let letters = DeadLetters::new(deck.running.app.log.clone());
    let (one, two) = (CommandId::generate(), CommandId::generate());
    // No worker takes commands of this category from the queue that all tests share.
    let subject = deck.running.app.queue.subject("nobody", "key");
    for id in [one, two] {
        letters.keep(id, &subject, br#"{"say": "hello"}"#, 5, "nobody listens").await.unwrap();
    }
    let page = deck.get("/parked-commands?limit=1").await;
    assert_eq!(page.items()[0]["command_id"], json!(two));
    assert_eq!(page.items()[0]["payload"], json!({"say": "hello"}));
    let next = format!("/parked-commands?limit=1&cursor={}", page.next_cursor().unwrap());
    let rest = deck.get(&next).await;
    assert_eq!((&rest.items()[0]["command_id"], rest.next_cursor()), (&json!(one), None));
    let retried = deck.post(&format!("/parked-commands/{one}/retry"), &json!({})).await;
    assert_eq!(
        (&retried.data(200)["state"], &retried.data(200)["resolved_by"]),
        (&json!("retried"), &json!("local"))
    );
    let discard = format!("/parked-commands/{two}/discard");
    assert_eq!(deck.post(&discard, &json!({})).await.problem(422, "validation_failed"), ["reason: required"]);
    let discarded = deck.post(&discard, &json!({"reason": "too late"})).await;
    assert_eq!(discarded.data(200)["state"], "discarded");
    assert!(deck.get("/parked-commands").await.items().is_empty());
    let unknown = format!("/parked-commands/{}/retry", CommandId::generate());
    deck.post(&unknown, &json!({})).await.problem(404, "not_found");
    let told: Vec<_> = acts(&deck).await.iter().map(|act| json!([act[0], act[3]["status"]])).collect();
    assert_eq!(
        told,
        [
            json!(["parked_command_retried", "failed"]),
            json!(["parked_command_discarded", "done"]),
            json!(["parked_command_retried", "done"]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_log_is_verified() {
    let deck = idle_deck().await;
    deck.create_model(json!({"name": "M"})).await.data(201);
    let audit = deck.request(Method::POST, "/log/audit").reply().await;
    let told = audit.data(200);
    assert_eq!((&told["streams"], &told["events"]), (&json!(2), &json!(CLAIMED + 1)));
    assert_eq!((&told["differing"], audit.next_cursor()), (&json!([]), None));
}
