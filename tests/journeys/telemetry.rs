//! What `serve` tells about itself: a log without secrets, and traces that follow a command to the read models.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Client;
use serde_json::{Value, json};
use tapedeck::app::RunningApp;
use tapedeck::config::Config;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::program::tapedeck;
use crate::support::services::{fresh_database, nats_url, test_config};
use crate::support::waiting::until;

const PATIENCE: Duration = Duration::from_secs(60);
/// What must never be written.
const SECRETS: [&str; 5] =
    ["S3cr3t-password", "s3cr3t-cookie", "s3cr3t-token", "s3cr3t-ticket", "s3cr3t-name"];

/// The token by which a new installation can be claimed.
async fn one_time_link(config: Config) -> String {
    let running = RunningApp::start(config, &BTreeSet::new()).await.unwrap();
    let token = running.app.identity.claim_token().await.unwrap().unwrap();
    running.stop().await.unwrap();
    token.expose().to_owned()
}

/// A collector that takes everything: what was sent, as text.
async fn collector() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let sent = Arc::new(Mutex::new(String::new()));
    let kept = sent.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take(stream, kept.clone()));
        }
    });
    (address, sent)
}

/// Reads one request after the other and answers each with 200.
async fn take(stream: TcpStream, kept: Arc<Mutex<String>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
                length = number.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        kept.lock().unwrap().push_str(&String::from_utf8_lossy(&body));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_keeps_secrets_and_a_trace_follows_a_command_to_the_read_models() {
    let (endpoint, sent) = collector().await;
    let database = fresh_database("telemetry").await;
    let mut config = test_config("telemetry");
    (config.database.url, config.nats.url) = (Some(database.clone()), Some(nats_url()));
    let link = one_time_link(config).await;
    let mut command = tapedeck(["serve", "--listen", "127.0.0.1:0", "--log-level", "debug"]);
    command
        .env("DATABASE_URL", database.expose())
        .env("NATS_URL", nats_url().expose())
        .env("TAPEDECK_TELEMETRY__FORMAT", "json")
        .env("TAPEDECK_TELEMETRY__OTLP_ENDPOINT", endpoint)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let mut server = command.spawn().unwrap();
    let log = Arc::new(Mutex::new(Vec::<String>::new()));
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let kept = log.clone();
    let reading = tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            kept.lock().unwrap().push(line);
        }
    });
    let records = || -> Vec<Value> {
        log.lock().unwrap().iter().map(|line| serde_json::from_str(line).expect(line)).collect()
    };
    let listening =
        || records().iter().find_map(|record| Some(record["fields"]["http.listen"].as_str()?.to_owned()));
    until("the server listens", || listening().is_some()).await;
    let base = format!("http://{}/api/v1", listening().unwrap());

    let [password, cookie, token, ticket, name] = SECRETS;
    let client = Client::new();
    let wish = json!({"token": link, "email": "ann@example.com", "password": password, "full_name": "Ann"});
    let claimed =
        client.post(format!("{base}/auth/claim")).json(&wish).timeout(PATIENCE).send().await.unwrap();
    assert_eq!(claimed.status(), 201);
    let claimed: Value = serde_json::from_str(&claimed.text().await.unwrap()).unwrap();
    let given = |name: &str| claimed["data"][name].as_str().unwrap().to_owned();
    let (bearer, refresh) = (given("access_token"), given("refresh_token"));
    let ask = |request: reqwest::RequestBuilder| {
        request
            .header("authorization", format!("Bearer {bearer}"))
            .header("cookie", format!("auth_token={cookie}"))
            .timeout(PATIENCE)
    };
    let made = ask(client.post(format!("{base}/models"))).header("x-request-id", "trace-me");
    let made = made.json(&json!({ "name": name })).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let position = made.headers()["x-tape-position"].clone();
    for (path, status) in [
        (format!("/models?token={token}"), 422),
        (format!("/runs?ticket={ticket}"), 422),
        (format!("/nowhere?ticket={ticket}&token={token}"), 404),
        ("/models".to_owned(), 200),
    ] {
        let reply = ask(client.get(format!("{base}{path}"))).header("x-tape-position", position.clone());
        assert_eq!(reply.send().await.unwrap().status(), status, "{path}");
    }

    kill(Pid::from_raw(server.id().unwrap().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert!(tokio::time::timeout(PATIENCE, server.wait()).await.unwrap().unwrap().success());
    tokio::time::timeout(PATIENCE, reading).await.unwrap().unwrap();

    let answered =
        |record: &Value| record["fields"]["http.status"] == 201 && record["span"]["request.id"] == "trace-me";
    assert!(records().iter().any(answered), "no line for the request in\n{}", log.lock().unwrap().join("\n"));
    assert!(records().iter().any(|record| record["level"] == "DEBUG"), "the log is not a detailed one");
    let sent = sent.lock().unwrap();
    for secret in SECRETS.into_iter().chain([link.as_str(), &bearer, &refresh]) {
        let told = log.lock().unwrap().iter().find(|line| line.contains(secret)).cloned();
        assert_eq!(told, None, "the log tells {secret}");
        assert!(!sent.contains(secret), "a trace tells {secret}");
    }
    for part in ["request", "/api/v1/models", "trace-me", "decide", "append", "fold", "command.id"] {
        assert!(sent.contains(part), "{part} is in no trace");
    }
}
