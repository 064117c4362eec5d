//! Events and streams.

use serde_json::{Value, json};

use super::kit::{CLAIMED, Deck, idle_deck};
use super::models::Models;
use super::sse::Following;

async fn three_models(deck: &Deck) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(deck.model(json!({"name": format!("M{number}")})).await);
    }
    deck.patch(&format!("/models/{}", ids[0]), &json!({"name": "New"})).await.data(200);
    ids
}

/// Positions, counted from where the deck's owner had come in.
fn positions(items: &[Value]) -> Vec<i64> {
    items.iter().map(|event| event["position"].as_i64().unwrap() - CLAIMED).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_in_pages_and_filtered() {
    let deck = idle_deck().await;
    let ids = three_models(&deck).await;
    let page = deck.get(&format!("/events?limit=3&after={CLAIMED}")).await;
    assert_eq!(positions(page.items()), [1, 2, 3]);
    assert!(page.items().iter().all(|event| event.get("payload").is_none()));
    let rest = deck.get(&format!("/events?limit=3&cursor={}", page.next_cursor().unwrap())).await;
    assert_eq!((positions(rest.items()), rest.next_cursor()), (vec![4], None));
    let list = async |filter: &str| positions(deck.get(&format!("/events?{filter}")).await.items());
    assert_eq!(list("type=ModelUpdated").await, [4]);
    assert_eq!(list(&format!("type=ModelUpdated,ModelCreated&after={}", CLAIMED + 2)).await, [3, 4]);
    assert_eq!(list("category=run").await, Vec::<i64>::new());
    assert_eq!(list(&format!("stream=model-{}", ids[0])).await, [1, 4]);
    let shown = deck.get(&format!("/events?payload=true&limit=1&after={CLAIMED}")).await;
    assert_eq!(shown.items()[0]["payload"]["settings"]["name"], "M1");
    let wrong = deck.get("/events?stream=nameless&after=x&payload=maybe").await;
    assert_eq!(
        wrong.problem(422, "validation_failed"),
        ["after: invalid", "stream: invalid", "payload: invalid"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_is_shown_with_payload_hash_and_origin() {
    let deck = idle_deck().await;
    let ids = three_models(&deck).await;
    let reply = deck.get(&format!("/events/{}", CLAIMED + 2)).await;
    let event = reply.data(200);
    assert_eq!(event["stream"], format!("model-{}", ids[1]));
    assert_eq!((&event["type"], &event["version"]), (&json!("ModelCreated"), &json!(1)));
    assert_eq!(event["payload"]["settings"]["initial_cash"], "10000");
    assert_eq!(event["meta"]["principal"], "local");
    assert_eq!(event["hash"].as_str().unwrap().len(), 64);
    assert!(event["recorded_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_listed_with_their_ends() {
    let deck = idle_deck().await;
    let ids = three_models(&deck).await;
    let page = deck.get(&format!("/streams?min_position={}&category=model&limit=2", CLAIMED + 4)).await;
    let second =
        deck.get(&format!("/streams?category=model&limit=2&cursor={}", page.next_cursor().unwrap())).await;
    let mut names: Vec<_> =
        page.items().iter().chain(second.items()).map(|stream| stream["key"].clone()).collect();
    let mut expected: Vec<_> = ids.iter().map(|id| json!(id)).collect();
    names.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(names, expected);
    assert!(deck.get("/streams?category=run").await.items().is_empty());
    let stream = deck.get(&format!("/streams/model-{}", ids[0])).await;
    assert_eq!(stream.data(200)["version"], 2);
    assert_eq!(stream.data(200)["last_event_type"], "ModelUpdated");
    let events = deck.get(&format!("/streams/model-{}/events?limit=1", ids[0])).await;
    assert_eq!(positions(events.items()), [1]);
    let rest = format!("/streams/model-{}/events?limit=1&cursor={}", ids[0], events.next_cursor().unwrap());
    let rest = deck.get(&rest).await;
    assert_eq!((positions(rest.items()), rest.next_cursor()), (vec![4], None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_resumes_without_loss_or_repetition() {
    let deck = idle_deck().await;
    three_models(&deck).await;
    let address = format!("/events/tail?after={CLAIMED}");
    let mut tail = deck.follow(&address, None).await;
    let first = tail.take(3).await;
    let names: Vec<_> = first.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["connected", "ModelCreated", "ModelCreated"]);
    assert_eq!(first[1].data["payload"]["settings"]["name"], "M1");
    drop(tail);
    deck.model(json!({"name": "M4"})).await;
    let mut again = deck.follow(&address, Some(first[2].position())).await;
    let mut seen: Vec<_> = again.take(4).await[1..].iter().map(super::sse::Event::position).collect();
    assert_eq!(seen, [3, 4, 5].map(|nth| CLAIMED + nth));
    deck.model(json!({"name": "M5"})).await;
    seen.push(again.next().await.unwrap().position());
    assert_eq!(seen, [3, 4, 5, 6].map(|nth| CLAIMED + nth));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_begins_at_the_present_unless_told_otherwise() {
    let deck = idle_deck().await;
    three_models(&deck).await;
    let mut tail = deck.follow("/events/tail?type=ModelCreated&payload=false", None).await;
    assert_eq!(tail.next().await.unwrap().position(), CLAIMED + 4);
    let id = deck.model(json!({"name": "M4"})).await;
    let event = tail.next().await.unwrap();
    assert_eq!((event.position(), &event.data["stream"]), (CLAIMED + 5, &json!(format!("model-{id}"))));
    assert!(event.data.get("payload").is_none());
}
