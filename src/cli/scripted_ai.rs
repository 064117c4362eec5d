//! `tapedeck scripted-ai`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::Output;
use crate::ai::scripted::{Script, ScriptedServer};

/// Serves an AI provider that keeps to a script.
#[derive(Debug, Args)]
pub struct ScriptedAi {
    /// The script: JSON with `turns`, each with `say`, `call`, `fault` and the like
    #[arg(long, value_name = "FILE")]
    script: PathBuf,
    /// Address to serve it at
    #[arg(long, default_value = "127.0.0.1:8790", value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// Serves until somebody interrupts it.
pub async fn run(args: ScriptedAi, output: &Output) -> anyhow::Result<ExitCode> {
    let file = args.script.display();
    let text = std::fs::read_to_string(&args.script).with_context(|| format!("{file} cannot be read"))?;
    let script: Script = serde_json::from_str(&text).with_context(|| format!("{file} is no script"))?;
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("{} cannot be listened at", args.listen))?;
    let server = ScriptedServer::serve(listener, script)?;
    let base_url = server.base_url();
    output.show_line(&serde_json::json!({ "base_url": base_url }), |_| {
        format!("TAPEDECK_AI__PROVIDERS__SCRIPTED__BASE_URL={base_url}")
    })?;
    tokio::select! {
        ended = server.wait() => ended.context("the script cannot be served any more")?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(ExitCode::SUCCESS)
}
