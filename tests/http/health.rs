//! Health.

use super::kit::deck;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_its_servers_is_alive_and_ready() {
    let deck = deck().await;
    assert_eq!(deck.get("/health/live").await.data(200)["status"], "alive");
    let ready = deck.get("/health/ready").await;
    assert_eq!(ready.data(200)["status"], "ready");
    let names: Vec<_> =
        ready.data(200)["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    assert_eq!(names, ["postgres", "nats"]);
    assert_eq!(deck.get("/version").await.data(200)["name"], "tapedeck");
    assert_eq!(deck.get("/").await.body["links"]["openapi"], "/api/v1/openapi.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_what_does_not_answer() {
    let deck = deck().await;
    deck.running.app.log.pool().close();
    let reply = deck.get("/health/ready").await;
    assert_eq!(reply.data(503)["status"], "not_ready");
    let checks = reply.data(503)["checks"].as_array().unwrap();
    assert_eq!(checks[0]["ok"], false);
    assert!(checks[0]["error"].as_str().unwrap().contains("closed"), "{checks:?}");
    assert_eq!(checks[1]["ok"], true);
    assert_eq!(deck.get("/health/live").await.data(200)["status"], "alive");
}
