//! `tapedeck login`, `logout` and `whoami`

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::Output;
use super::password::PasswordSource;
use super::remote::{Remote, Session};
use crate::config::Config;

/// Who logs in; `--server` says where.
#[derive(Debug, Args)]
pub struct Login {
    /// The e-mail address
    #[arg(long)]
    email: String,
    #[command(flatten)]
    password: PasswordSource,
}

/// What is shown of an account.
#[derive(Debug, Deserialize)]
struct Me {
    email: String,
    full_name: String,
    role: String,
    scopes: Vec<String>,
}

/// Opens a session and keeps it for later commands.
pub async fn login(login: Login, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let remote = Remote::named_or_last(config)?;
    let credentials = remote.credentials()?;
    if !remote.server().is_private() {
        eprintln!(
            "caution: {} is not on this machine, and nothing is encrypted on the way",
            remote.server().name()
        );
    }
    let password = login.password.known()?;
    let body = json!({ "email": login.email, "password": password.expose() });
    let answered = remote.ask_as_nobody(&["auth", "login"], &body).await?;
    let session = Session::of(&login.email, &answered.data)?;
    credentials.lock()?.keep(remote.server().name(), &session)?;
    let shown = json!({ "server": remote.server().name(), "email": login.email });
    output.show(&shown, |_| format!("logged in to {} as {}", remote.server().name(), login.email))?;
    Ok(ExitCode::SUCCESS)
}

/// Ends the session at the server and forgets it.
pub async fn logout(config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    ensure!(
        config.client.api_key.is_none(),
        "an API key has no session; `tapedeck apikey revoke` ends a key"
    );
    let remote = Remote::named_or_last(config)?;
    let name = remote.server().name();
    let ended = remote.send(Method::POST, &["auth", "logout"], None).await;
    // Forgotten in any case: whoever logs out wants to leave nothing behind.
    remote.credentials()?.lock()?.forget(name)?;
    ended?;
    output.show(&json!({ "server": name, "signed_out": true }), |_| format!("logged out of {name}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Shows as whom commands ask.
pub async fn whoami(config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let remote = Remote::named_or_last(config)?;
    let answered = remote.get(&["auth", "me"], &[]).await?;
    let me: Me = answered.read()?;
    output.show(&answered.data, |_| {
        let Me { email, full_name, role, scopes } = me;
        let server = remote.server().name();
        format!("{email} ({full_name}), {role}, at {server}; may: {}", scopes.join(", "))
    })?;
    Ok(ExitCode::SUCCESS)
}
