//! What waits for a decision at a server: events that a read model could not apply, commands that a worker could not carry
//! out.

use std::process::ExitCode;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Remote;
use crate::cli::Output;
use crate::cli::commands::{self, CommandsVerb, Parked};
use crate::cli::parked::{self, ParkedRow, Told, Which};
use projections::parked::Selection;

/// Shown at once.
const PAGE: &str = "200";

/// Lists parked events.
pub async fn events(remote: &Remote, which: &Which, output: &Output) -> anyhow::Result<ExitCode> {
    let mut query = vec![("limit", PAGE.to_owned()), ("state", which.state.name().to_owned())];
    query.extend(which.projection.clone().map(|name| ("projection", name)));
    let answered = remote.get(&["parked-events"], &query).await?;
    let rows: Vec<ParkedRow> = answered.read()?;
    output.show(&answered.data, |_| parked::list(rows))?;
    Ok(ExitCode::SUCCESS)
}

/// Retries or discards parked events: `verb` is `retry` or `discard`.
pub async fn decide(
    remote: &Remote,
    verb: &str,
    projection: &str,
    selection: &Selection,
    reason: &str,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut body = json!({ "projection": projection, "reason": reason });
    let (member, value) = match selection {
        Selection::Positions(positions) => ("positions", json!(positions)),
        Selection::Stream(stream) => ("stream", json!(stream.to_string())),
        Selection::First(count) => ("first", json!(count)),
    };
    if let Some(members) = body.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
    let answered = remote.send(Method::POST, &["parked-events", verb], Some(&body)).await?;
    let told: Told = answered.read()?;
    output.show(&answered.data, |_| told.to_string())?;
    Ok(told.exit_code())
}

#[derive(Debug, Deserialize)]
struct Command {
    command_id: String,
    state: String,
    subject: String,
    parked_at: String,
    deliveries: u32,
    error: String,
}

/// Lists, retries or discards parked commands.
pub async fn commands(remote: &Remote, verb: &CommandsVerb, output: &Output) -> anyhow::Result<ExitCode> {
    let (name, command, reason) = match verb {
        CommandsVerb::Parked(Parked { state }) => {
            let query = [("limit", PAGE.to_owned()), ("state", state.name().to_owned())];
            let answered = remote.get(&["parked-commands"], &query).await?;
            let found: Vec<Command> = answered.read()?;
            output.show(&answered.data, |_| commands::list(found.into_iter().map(row_of)))?;
            return Ok(ExitCode::SUCCESS);
        }
        CommandsVerb::Retry { command, why } => ("retry", command, &why.reason),
        CommandsVerb::Discard { command, reason } => ("discard", command, reason),
    };
    let path = ["parked-commands", &command.to_string(), name];
    let body: Value = json!({ "reason": reason });
    let answered = remote.send(Method::POST, &path, Some(&body)).await?;
    let command: Command = answered.read()?;
    output.show(&answered.data, |_| commands::done(&command.command_id, &command.state))?;
    Ok(ExitCode::SUCCESS)
}

fn row_of(command: Command) -> Vec<String> {
    let Command { command_id, state, subject, parked_at, deliveries, error } = command;
    vec![command_id, state, subject, parked_at, deliveries.to_string(), error]
}
