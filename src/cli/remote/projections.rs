//! `tapedeck projections` at a server.

use std::process::ExitCode;

use reqwest::Method;
use serde::Deserialize;

use super::Remote;
use crate::cli::Output;
use crate::cli::output::table;

#[derive(Debug, Deserialize)]
struct Shard {
    projection: String,
    status: String,
    position: i64,
    lag_events: i64,
    lag_s: f64,
    parked: i64,
    error: Option<ShardError>,
}

#[derive(Debug, Deserialize)]
struct ShardError {
    text: String,
}

/// Shows how far each read model has read.
pub async fn status(remote: &Remote, output: &Output) -> anyhow::Result<ExitCode> {
    let answered = remote.get(&["projections"], &[]).await?;
    let shards: Vec<Shard> = answered.read()?;
    output.show(&answered.data, |_| {
        let header = ["projection", "status", "position", "lag", "lag s", "parked", "error"];
        table(&header, 2, shards.into_iter().map(row_of))
    })?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Deserialize)]
struct Rebuilt {
    finished: bool,
    position: Option<i64>,
    events: Option<u64>,
    rows: Option<u64>,
}

/// Has one folded anew.
pub async fn rebuild(remote: &Remote, name: &str, reason: &str, output: &Output) -> anyhow::Result<ExitCode> {
    let body = serde_json::json!({ "reason": reason });
    let answered = remote.send(Method::POST, &["projections", name, "rebuild"], Some(&body)).await?;
    let rebuilt: Rebuilt = answered.read()?;
    output.show(&answered.data, |_| match (rebuilt.position, rebuilt.events, rebuilt.rows) {
        (Some(position), Some(events), Some(rows)) if rebuilt.finished => {
            format!("{name} was folded anew: {events} events up to position {position}, {rows} rows")
        }
        _ => format!("{name} is being folded anew; the server goes on with it"),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row_of(shard: Shard) -> Vec<String> {
    vec![
        shard.projection,
        shard.status,
        shard.position.to_string(),
        shard.lag_events.to_string(),
        format!("{:.1}", shard.lag_s),
        shard.parked.to_string(),
        shard.error.map_or_else(String::new, |error| error.text),
    ]
}
