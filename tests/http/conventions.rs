//! What holds for every route.

use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{Send, deck, idle_deck};

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_body_is_reported_at_once() {
    let deck = deck().await;
    let body = json!({"initial_cash": 5, "symbols": "AAPL", "colour": "red", "policy": {"name": "oracle"}});
    let fields = deck.post("/models", &body).await.problem(422, "validation_failed");
    assert_eq!(
        fields,
        ["name: required", "policy: invalid", "symbols: invalid", "initial_cash: invalid", "colour: unknown"]
    );
    let body = json!({"name": "", "initial_cash": "-5", "commission_rate": "0.5",
        "policy": {"name": "builtin/sma-cross", "parameters": {"fast": 0}}});
    let fields = deck.post("/models", &body).await.problem(422, "validation_failed");
    for field in [
        "name: required",
        "initial_cash: out_of_range",
        "commission_rate: out_of_range",
        "policy.parameters.fast: out_of_range",
    ] {
        assert!(fields.contains(&field.to_owned()), "{fields:?}");
    }
    let list = deck.post("/models", &json!([])).await;
    assert_eq!(list.problem(422, "validation_failed"), ["body: invalid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_is_refused_with_its_place() {
    let deck = deck().await;
    let sent = |kind: &str, body: &str| {
        deck.request(Method::POST, "/models").header("content-type", kind).body(body.to_owned()).reply()
    };
    let reply = sent("application/json", "{\n  \"name\": oops\n}").await;
    assert_eq!(reply.problem(400, "malformed_json"), ["body: malformed"]);
    assert!(reply.body["detail"].as_str().unwrap().contains("line 2 column 11"), "{}", reply.body);
    let html = deck.request(Method::GET, "/models").header("accept", "text/html").reply().await;
    assert!(html.problem(406, "not_acceptable").is_empty());
    assert!(sent("text/plain", "{}").await.problem(415, "unsupported_media_type").is_empty());
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(64 << 10));
    assert!(sent("application/json", &large).await.problem(413, "body_too_large").is_empty());
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(large)]);
    let streamed = deck.request(Method::POST, "/models").header("content-type", "application/json");
    let reply = streamed.body(reqwest::Body::wrap_stream(chunks)).reply().await;
    reply.problem(413, "body_too_large");
    assert_eq!(
        sent("application/json; charset=utf-8", "{}").await.problem(422, "validation_failed"),
        ["name: required"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_parameters_is_reported_at_once() {
    let deck = deck().await;
    let fields = deck.get("/runs?model=7&status=sleeping&limit=0&cursor=zz&colour=red").await;
    assert_eq!(
        fields.problem(422, "validation_failed"),
        ["model: invalid", "status: invalid", "limit: invalid", "cursor: invalid", "colour: unknown"]
    );
    for path in ["/models", "/streams", "/events", "/leaderboard", "/symbols", "/quotes", "/bars?symbol=AAPL"]
    {
        let join = if path.contains('?') { '&' } else { '?' };
        for limit in ["0", "201", "-1", "many"] {
            let reply = deck.get(&format!("{path}{join}limit={limit}")).await;
            assert_eq!(reply.problem(422, "validation_failed"), ["limit: invalid"], "{path}");
        }
        let reply = deck.get(&format!("{path}{join}cursor=nonsense")).await;
        assert_eq!(reply.problem(422, "validation_failed"), ["cursor: invalid"], "{path}");
    }
    let reply = deck.get("/version?verbose=1").await;
    reply.data(200);
    assert_eq!(deck.get("/log?verbose=1").await.problem(422, "validation_failed"), ["verbose: unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_answers_404_as_a_problem() {
    let deck = deck().await;
    let nobody = "01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77";
    for id in [nobody, "not-a-uuid"] {
        for path in [
            "/models/{}",
            "/runs/{}",
            "/runs/{}/ledger",
            "/runs/{}/equity",
            "/runs/{}/performance",
            "/runs/{}/progress",
        ] {
            deck.get(&path.replace("{}", id)).await.problem(404, "not_found");
        }
        deck.patch(&format!("/models/{id}"), &json!({"name": "x"})).await.problem(404, "not_found");
        deck.delete(&format!("/models/{id}")).await.problem(404, "not_found");
        deck.delete(&format!("/runs/{id}")).await.problem(404, "not_found");
        deck.post(&format!("/runs/{id}/cancel"), &json!({})).await.problem(404, "not_found");
        let body = json!({"start_date": "2025-01-02", "end_date": "2025-01-31"});
        deck.post(&format!("/models/{id}/runs"), &body).await.problem(404, "not_found");
    }
    deck.get("/streams/nothing-here").await.problem(404, "not_found");
    deck.get("/streams/nothing-here/events").await.problem(404, "not_found");
    deck.get("/events/0").await.problem(404, "not_found");
    deck.get("/events/99").await.problem(404, "not_found");
    deck.get("/events/x").await.problem(404, "not_found");
    deck.get("/nowhere").await.problem(404, "no_such_route");
    let reply = deck.delete("/log").await;
    reply.problem(405, "method_not_allowed");
    assert!(reply.header("allow").contains("GET"));
}

/// EL-32.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_has_one_effect_and_another_body_is_refused() {
    let deck = deck().await;
    let send = |key: &'static str, name: &'static str| {
        deck.request(Method::POST, "/models")
            .header("idempotency-key", key)
            .json(&json!({"name": name}))
            .reply()
    };
    let first = send("k-1", "Once").await;
    let again = send("k-1", "Once").await;
    assert_eq!(first.data(201), again.data(201));
    assert_eq!(first.position(), again.position());
    send("k-1", "Twice").await.problem(422, "idempotency_key_reused");
    assert_ne!(send("k-2", "Once").await.data(201)["model_id"], first.data(201)["model_id"]);
    assert_eq!(send("", "Once").await.problem(422, "validation_failed"), ["Idempotency-Key: invalid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn request_ids_are_accepted_or_made_and_reach_the_events() {
    let deck = deck().await;
    let id = "01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77";
    let reply = deck
        .request(Method::POST, "/models")
        .header("x-request-id", id)
        .json(&json!({"name": "A"}))
        .reply()
        .await;
    reply.data(201);
    assert_eq!(reply.header("x-request-id"), id);
    let event = deck.get(&format!("/events/{}", reply.position())).await;
    assert_eq!(event.data(200)["meta"], json!({"principal": "local", "request_id": id}));
    for (given, taken) in [("req_7.HX-9", true), ("two words", false), (&"x".repeat(65), false)] {
        let reply = deck.request(Method::POST, "/models").header("x-request-id", given);
        let reply = reply.json(&json!({"name": "B"})).reply().await;
        reply.data(201);
        assert_eq!(reply.header("x-request-id") == given, taken, "{given}");
        let event = deck.get(&format!("/events/{}", reply.position())).await;
        assert_eq!(event.data(200)["meta"]["request_id"], reply.header("x-request-id"));
    }
}

/// EL-58.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_for_the_position_it_names() {
    let deck = idle_deck().await;
    let position = deck.post("/models", &json!({"name": "A"})).await.position();
    let seen = deck.get_after(position, "/models").await;
    assert_eq!(seen.items().len(), 1);
    assert!(seen.meta()["position"].as_i64().unwrap() >= position);
    let early = deck.get(&format!("/models?min_position={}", position + 5)).await;
    early.problem(503, "read_model_behind");
    assert_eq!(early.header("retry-after"), "1");
    deck.get(&format!("/events?min_position={}", position + 5)).await.problem(503, "read_model_behind");
    assert_eq!(
        deck.get("/models?min_position=x").await.problem(422, "validation_failed"),
        ["min_position: invalid"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_carry_careful_headers_and_shrink() {
    let deck = deck().await;
    let reply = deck.get("/symbols").await;
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(reply.header("cache-control"), "no-store");
    let packed =
        deck.request(Method::GET, "/api/v1/openapi.json").header("accept-encoding", "gzip").send().await;
    assert_eq!(packed.unwrap().headers()["content-encoding"], "gzip");
    let page = deck.get("/docs/").await;
    assert!(page.header("content-security-policy").contains("'self'"));
    assert!(matches!(page.body, Value::String(html) if html.contains("swagger")));
}
