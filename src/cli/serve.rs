//! `tapedeck serve`

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Output;
use crate::app::{App, Role, RunningApp};
use crate::config::{Config, SecretText};
use crate::http::{self, Api, Parts};
use crate::live::LiveQuotes;

/// Serves the API, keeps the read models and drives runs, or some of it.
#[derive(Debug, Args)]
pub struct Serve {
    /// What this process does [default: everything]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROLE,…")]
    roles: Vec<Role>,
    /// Address of the API [default: 127.0.0.1:8700]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Runs until it is told to stop.
pub async fn run(serve: Serve, mut config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    let roles = if serve.roles.is_empty() { Role::all() } else { serve.roles.into_iter().collect() };
    if let Some(listen) = serve.listen {
        config.http.listen = listen;
    }
    let shutdown = CancellationToken::new();
    tokio::spawn(stop_on_signal(shutdown.clone()));
    let running = RunningApp::start(config, &roles).await?;
    let outcome = until_stopped(&running, &roles, &shutdown, output).await;
    shutdown.cancel();
    running.stop().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Serves an application that is running already, until it is told to stop.
pub async fn until_stopped(
    running: &RunningApp,
    roles: &BTreeSet<Role>,
    shutdown: &CancellationToken,
    output: &Output,
) -> anyhow::Result<()> {
    let tending = running.tape().services.tend(shutdown);
    if !roles.contains(&Role::Api) {
        tending.await;
        return Ok(());
    }
    let address = running.app.config.http.listen;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    output.say(format_args!("tapedeck serves http://{address}  (API documentation: http://{address}/docs)"));
    if let Err(error) = tell_how_to_claim(&running.app, address).await {
        // Serving is worth more than a hint.
        tracing::warn!("Whether somebody administers this installation is not known: {error:#}");
    }
    let quotes = Arc::new(LiveQuotes::start(&running.app));
    let parts = Parts { app: running.app.clone(), nats: running.app.nats.clone(), quotes: quotes.clone() };
    let (served, ()) = tokio::join!(http::serve(Api::new(parts), listener, shutdown.clone()), tending);
    quotes.stop().await;
    Ok(served?)
}

/// Tells a person how to become the first administrator, as long as there is none. The token is a secret of whoever
/// started the server: it goes to a terminal, never to the log or a file that is collected.
async fn tell_how_to_claim(app: &App, address: SocketAddr) -> anyhow::Result<()> {
    let terminal = std::io::stderr().is_terminal();
    let active_admins = projections::accounts::active_admins(&app.reads.get().await?, None).await?;
    if active_admins > 0 {
        return Ok(());
    }
    if !terminal {
        tracing::warn!(
            "This installation has no administrator: `tapedeck account create-admin` makes one, \
             `tapedeck account claim-token` prints a token for `POST /api/v1/auth/claim`"
        );
        return Ok(());
    }
    if let Some(token) = app.identity.claim_token().await? {
        eprintln!("{}", how_to_claim(address, &token));
    }
    Ok(())
}

fn how_to_claim(address: SocketAddr, token: &SecretText) -> String {
    let body = format!(
        r#"{{"token":"{}","email":"you@example.com","password":"…","full_name":"Your Name"}}"#,
        token.expose()
    );
    format!(
        "\nNobody administers this installation yet. To be its first administrator, either\n  \
         tapedeck account create-admin --email you@example.com --full-name 'Your Name'\nor, once, with this token:\n  \
         curl -X POST http://{address}/api/v1/auth/claim -H 'Content-Type: application/json' \\\n    -d '{body}'\n"
    )
}

/// Interrupt and terminate both mean: finish and leave.
async fn stop_on_signal(shutdown: CancellationToken) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    shutdown.cancel();
}
