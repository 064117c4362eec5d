//! Somebody guesses a password, ten thousand times in a minute: what does another user notice?

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::http::{owner, prepare, start};
use super::load::Load;
use super::report::{BenchReport, Machine};
use crate::app::{App, Role, RunningApp};
use crate::config::Config;
use crate::http::{Api, NoQuotes, Parts};

/// Guesses against one account.
const GUESSES: f64 = 10_000.0;
/// In this time.
const ATTACK: Duration = Duration::from_secs(60);
/// How long the other user is watched without it.
const IDLE: Duration = Duration::from_secs(30);
/// Requests of the other user a second.
const READS_PER_SECOND: f64 = 200.0;
/// Connections of the other user, and of whoever guesses.
const CONNECTIONS: usize = 16;

/// Measures the reads of one user without and with failed sign-ins of another. The door's own limit of sign-ins is
/// lifted, as if every guess came from another address: all of them reach the throttle of the account.
pub async fn sign_in(mut config: Config, prices: &Path) -> anyhow::Result<BenchReport> {
    let rates = &mut config.http.rates;
    (rates.owner_per_minute, rates.owner_per_second) = (u32::MAX, u32::MAX);
    rates.logins_per_minute = u32::MAX;
    let running = RunningApp::start(config, &Role::all()).await?;
    let outcome = measure(&running.app, prices).await;
    running.stop().await?;
    outcome
}

async fn measure(app: &App, prices: &Path) -> anyhow::Result<BenchReport> {
    let run = prepare(app, prices).await?;
    let token = owner(app).await?;
    let stopping = CancellationToken::new();
    let api =
        Api::new(Parts { app: app.clone(), nats: app.nats.clone(), quotes: Arc::<NoQuotes>::default() });
    let address = start(crate::http::router(api.clone()), &api, &stopping).await?;
    let paths = [format!("/api/v1/runs/{run}"), "/api/v1/leaderboard".to_owned()];
    let reads = Load::new(address, &paths, Some(token.expose()));
    let guess = r#"{"email":"victim@example.com","password":"Wrong-Password-1"}"#;
    let guesses = Load::posting(address, "/api/v1/auth/login", guess, &["401", "429"]);

    // Connections and statements are made before anything is compared.
    reads.at_rate(READS_PER_SECOND, CONNECTIONS, Duration::from_secs(5)).await?;
    let idle = reads.at_rate(READS_PER_SECOND, CONNECTIONS, IDLE).await?;
    let (attacked, guessed) = tokio::try_join!(
        reads.at_rate(READS_PER_SECOND, CONNECTIONS, ATTACK),
        guesses.at_rate(GUESSES / ATTACK.as_secs_f64(), CONNECTIONS, ATTACK),
    )?;
    stopping.cancel();
    let mut report = BenchReport::new("sign-in", Machine::examine());
    report.figure("guesses_per_minute", guessed.rate * 60.0);
    report.figure("guess_p99_ms", guessed.p99_us / 1_000.0);
    report.figure("idle_p50_ms", idle.p50_us / 1_000.0);
    report.figure("idle_p99_ms", idle.p99_us / 1_000.0);
    report.figure("guessed_at_p50_ms", attacked.p50_us / 1_000.0);
    report.figure("guessed_at_p99_ms", attacked.p99_us / 1_000.0);
    report.ratio("p99_guessed_at_vs_idle", attacked.p99_us / idle.p99_us);
    Ok(report)
}
