//! `tapedeck events`

use std::process::ExitCode;

use ::events::log::Filter;
use ::events::{Position, Recorded, StreamName};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::Output;
use super::output::table;
use super::remote::{self, Place, Remote};
use crate::config::Config;
use crate::tape::Tape;

/// What can be seen of the event log.
#[derive(Debug, Subcommand)]
pub enum Events {
    /// List events in position order
    Ls(List),
    /// Show one event, decoded
    Show {
        /// Its position
        position: i64,
    },
    /// Follow the log as it grows
    Tail(Tail),
}

/// Which events to list.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    which: Which,
    /// After this position
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Where to start following.
#[derive(Debug, Args)]
pub struct Tail {
    #[command(flatten)]
    which: Which,
    /// After this position [default: what comes from now on]
    #[arg(long)]
    after: Option<i64>,
}

#[derive(Debug, Args)]
struct Which {
    /// Only this stream, such as run-0198c5a2-…
    #[arg(long)]
    stream: Option<StreamName>,
    /// Only streams of this category
    #[arg(long)]
    category: Option<String>,
    /// Only events of this type
    #[arg(long = "type")]
    event_type: Option<String>,
}

impl Which {
    /// The same as parameters of the API.
    fn query(self, after: Option<i64>) -> Vec<(&'static str, String)> {
        let stream = self.stream.map(|stream| stream.to_string());
        let all = [("stream", stream), ("category", self.category), ("type", self.event_type)];
        let mut query: Vec<_> = all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        query.extend(after.map(|position| ("after", position.to_string())));
        query
    }

    fn filter(self) -> Filter {
        Filter {
            categories: self.category.into_iter().collect(),
            event_types: self.event_type.into_iter().collect(),
            stream: self.stream,
        }
    }
}

/// An event as printed.
#[derive(Debug, Serialize)]
struct EventView {
    position: Position,
    stream: StreamName,
    version: ::events::Version,
    #[serde(rename = "type")]
    event_type: String,
    schema_version: u16,
    recorded_at: String,
    command_id: String,
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<serde_json::Value>,
}

impl EventView {
    fn brief(event: &Recorded) -> Self {
        Self {
            position: event.position,
            stream: event.stream.clone(),
            version: event.version,
            event_type: event.event_type.to_string(),
            schema_version: event.schema_version,
            recorded_at: format!("{:.6}", event.recorded_at),
            command_id: event.command_id.to_string(),
            hash: event.hash.to_string(),
            meta: event.meta.as_ref().and_then(|meta| serde_json::from_slice(meta).ok()),
            payload: None,
        }
    }

    fn full(event: &Recorded) -> anyhow::Result<Self> {
        let json = event.payload_json()?;
        let payload = serde_json::from_slice(&json).context("the payload is not JSON")?;
        Ok(Self { payload: Some(payload), ..Self::brief(event) })
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.position.to_string(),
            self.recorded_at.clone(),
            self.stream.to_string(),
            self.version.to_string(),
            self.event_type.clone(),
        ]
    }

    fn line(&self) -> String {
        self.row().join("  ")
    }
}

/// Lists, shows or follows events.
pub async fn run(events: Events, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        return at(&remote, events, output).await;
    }
    let tape = Tape::open(config).await?;
    let outcome = match events {
        Events::Ls(list) => ls(&tape, list, output).await,
        Events::Show { position } => show(&tape, Position(position), output).await,
        Events::Tail(tail) => tokio::select! {
            outcome = follow(&tape, tail, output) => outcome,
            interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| ExitCode::SUCCESS).map_err(Into::into),
        },
    };
    tape.close().await?;
    outcome
}

async fn at(remote: &Remote, events: Events, output: &Output) -> anyhow::Result<ExitCode> {
    match events {
        Events::Ls(list) => {
            let query = list.which.query(Some(list.after));
            remote::events::ls(remote, query, list.limit, output).await
        }
        Events::Show { position } => remote::events::show(remote, position, output).await,
        Events::Tail(tail) => tokio::select! {
            outcome = remote::events::tail(remote, tail.which.query(tail.after), output) => outcome,
            interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| ExitCode::SUCCESS).map_err(Into::into),
        },
    }
}

async fn ls(tape: &Tape, list: List, output: &Output) -> anyhow::Result<ExitCode> {
    let page = tape.log.read(Position(list.after), list.limit, &list.which.filter()).await?;
    let views: Vec<EventView> = page.events.iter().map(EventView::brief).collect();
    output.show(&views, |views| {
        table(&["position", "recorded at", "stream", "version", "type"], 99, views.iter().map(EventView::row))
    })?;
    if views.len() == list.limit && page.scanned_to < tape.log.head().await? {
        output.say(format_args!("more: --after {}", page.scanned_to));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(tape: &Tape, position: Position, output: &Output) -> anyhow::Result<ExitCode> {
    let Some(event) = tape.log.read_event(position).await? else {
        anyhow::bail!("there is no event {position}; the log ends at {}", tape.log.head().await?);
    };
    let view = EventView::full(&event)?;
    output.show(&view, |view| serde_json::to_string_pretty(view).unwrap_or_default())?;
    Ok(ExitCode::SUCCESS)
}

async fn follow(tape: &Tape, tail: Tail, output: &Output) -> anyhow::Result<ExitCode> {
    const PAGE: usize = 500;
    let after = match tail.after {
        Some(position) => Position(position),
        None => tape.log.head().await?,
    };
    let mut following = tape.log.subscribe(after, tail.which.filter(), PAGE);
    loop {
        for event in following.next().await?.events {
            output.show_line(&EventView::full(&event)?, EventView::line)?;
        }
    }
}
