//! What Prometheus reads.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::kit::{Deck, deck};
async fn metrics(deck: &Deck) -> String {
    let response = deck.client.get(format!("{}/metrics", deck.base)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    response.text().await.unwrap()
}

/// The value of the line that begins with `name`, if there is one.
fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_counts_what_it_does_without_naming_anybody() {
    let deck = deck().await;
    let made = deck.post("/models", &json!({"name": "A"})).await;
    let id = made.data(201)["model_id"].as_str().unwrap().to_owned();
    deck.get(&format!("/models/{id}")).await;
    deck.get(&format!("/models/{id}?secret=1")).await.problem(422, "validation_failed");
    deck.get("/nowhere").await.problem(404, "no_such_route");
    let text = metrics(&deck).await;
    for (name, least) in [
        ("tapedeck_http_answers_total{route=\"/api/v1/models\",method=\"POST\",status=\"2xx\"}", 1.0),
        ("tapedeck_http_answers_total{route=\"/api/v1/models/{model}\",method=\"GET\",status=\"4xx\"}", 1.0),
        ("tapedeck_http_answers_total{route=\"\",method=\"GET\",status=\"4xx\"}", 1.0),
        ("tapedeck_http_answer_seconds_count{route=\"/api/v1/models\",method=\"POST\"}", 1.0),
        ("tapedeck_http_requests_underway", 1.0),
        ("tapedeck_log_head", 1.0),
        ("tapedeck_log_events_total{category=\"model\"}", 1.0),
        ("tapedeck_log_append_seconds_count{category=\"model\"}", 1.0),
        ("tapedeck_log_append_seconds_bucket{le=\"+Inf\",category=\"model\"}", 1.0),
        ("tapedeck_log_queued_appends", 0.0),
        ("tapedeck_log_queued_bytes", 0.0),
        ("tapedeck_actors_live{category=\"model\"}", 1.0),
        ("tapedeck_actors_waiting_bytes_max{category=\"run\"}", 1.0),
        ("tapedeck_actors_commands_total{category=\"model\"}", 1.0),
        ("tapedeck_pool_connections_max{pool=\"reads\"}", 8.0),
        ("tapedeck_process_cpu_seconds_total", 0.001),
    ] {
        let found = value(&text, name);
        assert!(found.is_some_and(|found| found >= least), "{name} is {found:?} in\n{text}");
    }
    assert!(!text.contains(&id) && !text.contains("secret"), "{text}");
    assert!(text.ends_with("# EOF\n"));
    // The worker makes its queue, and the projector its checkpoints, in their own time.
    let deadline = Instant::now() + Duration::from_secs(30);
    for name in [
        "tapedeck_work_queue_pending{category=\"run\"}",
        "tapedeck_projection_lag_events{projection=\"models\",shard=\"0\"}",
    ] {
        while value(&metrics(&deck).await, name).is_none() {
            assert!(Instant::now() < deadline, "no {name}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_read_metrics() {
    let deck = deck().await;
    let request = deck.client.request(Method::GET, format!("{}/metrics", deck.base));
    let reply = request.header("x-forwarded-for", "203.0.113.9").send().await.unwrap();
    assert_eq!(reply.status(), 404);
}
