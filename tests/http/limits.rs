//! How large, how slow, how deep and from where a request may be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tapedeck::config::Config;
use tapedeck::http::NoQuotes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::kit::{Deck, Send, deck_of};

async fn deck(set: impl FnOnce(&mut Config)) -> Deck {
    deck_of(&BTreeSet::new(), Arc::<NoQuotes>::default(), set).await
}

/// Sends bytes as they are and reads until the server closes the connection.
async fn raw(deck: &Deck, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(deck.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    read.expect("the server closes the connection").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_over_the_limits_is_refused_by_the_name_of_the_rule() {
    let deck = deck(|config| {
        config.http.query_bytes_max = 100;
        config.http.headers_max = 10;
        config.http.header_bytes_max = 1_000;
    })
    .await;
    let reply = deck.get(&format!("/symbols?cursor={}", "x".repeat(100))).await;
    reply.problem(414, "query_too_long");
    assert!(reply.body["detail"].as_str().unwrap().contains("100 bytes"), "{}", reply.body);
    let large = deck.request(Method::GET, "/symbols").header("x-large", "x".repeat(1_000)).reply().await;
    large.problem(431, "headers_too_large");
    let many = (0..10).fold(deck.request(Method::GET, "/symbols"), |request, number| {
        request.header(format!("x-number-{number}"), "1")
    });
    many.reply().await.problem(431, "headers_too_large");
    deck.get("/symbols").await.data(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_too_slowly_is_answered_408() {
    let deck = deck(|config| config.http.body_timeout_ms = 200).await;
    let head = "POST /api/v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
        authorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{\"name\"";
    let answer = raw(&deck, head.replace("{}", &deck.token).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let problem: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(problem["code"], "body_too_slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_loses_its_connection() {
    let deck = deck(|config| config.http.header_timeout_ms = 200).await;
    let begin = Instant::now();
    raw(&deck, b"GET /api/v1/version HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(begin.elapsed() < Duration::from_secs(10));
    deck.get("/health/live").await.data(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_json_is_refused_before_it_is_read() {
    let deck = deck(|config| config.http.json_depth_max = 8).await;
    let deep = |levels: usize| format!("{{\"name\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
    let sent = |body: String| {
        let request = deck.request(Method::POST, "/models").header("content-type", "application/json");
        request.body(body).reply()
    };
    assert_eq!(sent(deep(8)).await.problem(422, "validation_failed"), ["body: too_deep"]);
    assert_eq!(sent(deep(20_000)).await.problem(422, "validation_failed"), ["body: too_deep"]);
    assert_eq!(sent(deep(7)).await.problem(422, "validation_failed"), ["name: invalid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_are_let_in_by_name_only() {
    let origin = "https://deck.example.com";
    let deck = deck(|config| config.http.cors_origins = vec![origin.parse().unwrap()]).await;
    let preflight = |from: &'static str| {
        deck.request(Method::OPTIONS, "/models")
            .header("origin", from)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,idempotency-key")
            .reply()
    };
    let welcome = preflight(origin).await;
    assert_eq!(welcome.header("access-control-allow-origin"), origin);
    assert_eq!(welcome.header("access-control-allow-credentials"), "true");
    assert!(welcome.header("access-control-allow-headers").contains("idempotency-key"));
    let stranger = preflight("https://evil.example.com").await;
    assert!(!stranger.headers.contains_key("access-control-allow-origin"), "{:?}", stranger.headers);
    let asked = deck.request(Method::GET, "/nowhere").header("origin", origin).reply().await;
    asked.problem(404, "no_such_route");
    assert_eq!(asked.header("access-control-allow-origin"), origin);
    assert!(asked.header("access-control-expose-headers").contains("x-tape-position"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_origins_no_page_of_another_origin_gets_in() {
    let deck = deck(|_| ()).await;
    let reply = deck.request(Method::GET, "/symbols").header("origin", "https://a.example").reply().await;
    assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")));
    deck.request(Method::OPTIONS, "/models").reply().await.problem(405, "method_not_allowed");
    assert!(!reply.headers.contains_key("strict-transport-security"));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_to_stay_with_tls_where_there_is_tls() {
    let deck = deck(|config| config.http.behind_tls = true).await;
    let reply = deck.get("/health/live").await;
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_much_is_told_when_to_come_back() {
    let deck = deck(|config| {
        config.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        config.http.rates.address_per_minute = 3;
    })
    .await;
    let ask = |ip: &'static str, path: &'static str| {
        deck.request(Method::GET, path).header("x-forwarded-for", ip).reply()
    };
    let first = ask("203.0.113.9", "/version").await;
    first.data(200);
    let standing =
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| first.header(name));
    assert_eq!(standing, ["3", "2", "20"]);
    let unknown = ask("203.0.113.9", "/nowhere").await;
    unknown.problem(404, "no_such_route");
    assert_eq!(unknown.header("ratelimit-remaining"), "1");
    ask("203.0.113.9", "/version").await.data(200);
    let over = ask("203.0.113.9", "/version").await;
    over.problem(429, "rate_limited");
    assert_eq!(over.header("ratelimit-remaining"), "0");
    let wait: u64 = over.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    ask("203.0.113.10", "/version").await.data(200);
    // The owner's own programs come without a proxy.
    assert_eq!(deck.get("/symbols").await.header("ratelimit-limit"), "600000");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_has_already_is_not_sent_again() {
    let deck = super::kit::idle_deck().await;
    let made = deck.post("/models", &json!({"name": "A"})).await;
    let model = format!("/models/{}", made.data(201)["model_id"].as_str().unwrap());
    let event = format!("/events/{}", made.position());
    let stream = format!("/streams/model-{}", made.data(201)["model_id"].as_str().unwrap());
    deck.get_after(made.position(), &stream).await.data(200);
    for path in [model.as_str(), &event, &stream, "/models", "/symbols", "/version"] {
        let first = deck.get_after(made.position(), path).await;
        first.data(200);
        let tag = first.header("etag").to_owned();
        let ask = |tag: String| deck.request(Method::GET, path).header("if-none-match", tag).reply();
        let again = ask(tag.clone()).await;
        assert_eq!((again.status.as_u16(), again.header("etag")), (304, tag.as_str()), "{path}");
        assert_eq!(again.body, Value::String(String::new()), "{path}");
        assert!(again.headers.contains_key("x-request-id"));
        ask("\"other\"".to_owned()).await.data(200);
    }
    let changed = deck.patch(&model, &json!({"name": "B"})).await;
    let reply = deck.request(Method::GET, &model).header("if-none-match", "\"1\"");
    let reply = reply.header("x-tape-position", changed.position()).reply().await;
    assert_eq!((reply.data(200)["name"].as_str(), reply.header("etag")), (Some("B"), "\"2\""));
}
