//! Events that a read model could not apply: which ones a verb is about, and how they are shown.

use std::fmt;
use std::process::ExitCode;

use ::events::{Position, StreamName};
use clap::Args;
use projections::parked::{ParkedEvent, ParkedState, Retried, Selection};
use serde::Deserialize;

use super::output::table;

/// Which events are listed.
#[derive(Debug, Args)]
pub struct Which {
    /// Only of this read model
    pub projection: Option<String>,
    /// parked, resolved or discarded
    #[arg(long, default_value = "parked")]
    pub state: ParkedState,
}

/// Which events a verb is about.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Chosen {
    /// The events at these places of the log
    #[arg(long, value_name = "POSITION", num_args = 1.., value_parser = position)]
    position: Vec<Position>,
    /// All of a stream, such as run-0198c5a2-…
    #[arg(long)]
    stream: Option<StreamName>,
    /// The first so many
    #[arg(long, value_name = "COUNT")]
    first: Option<u32>,
}

fn position(text: &str) -> Result<Position, std::num::ParseIntError> {
    text.parse().map(Position)
}

impl Chosen {
    /// As the read models take it.
    pub fn selection(&self) -> Selection {
        match (&self.stream, self.first) {
            (Some(stream), _) => Selection::Stream(stream.clone()),
            (None, Some(count)) => Selection::First(count),
            (None, None) => Selection::Positions(self.position.clone()),
        }
    }
}

/// A parked event, for people.
#[derive(Debug, Deserialize)]
pub struct ParkedRow {
    projection: String,
    position: i64,
    stream: String,
    event_type: String,
    attempts: i32,
    error_class: String,
    error: String,
}

impl From<ParkedEvent> for ParkedRow {
    fn from(event: ParkedEvent) -> Self {
        Self {
            projection: event.projection,
            position: event.position.0,
            stream: event.stream.to_string(),
            event_type: event.event_type,
            attempts: event.attempts,
            error_class: event.error_class,
            error: event.error_text,
        }
    }
}

/// Parked events as a table.
pub fn list(rows: Vec<ParkedRow>) -> String {
    let header = ["projection", "position", "stream", "type", "attempts", "class", "error"];
    let rows = rows.into_iter().map(|row| {
        let (position, attempts) = (row.position.to_string(), row.attempts.to_string());
        vec![row.projection, position, row.stream, row.event_type, attempts, row.error_class, row.error]
    });
    table(&header, 99, rows)
}

/// What came of a verb.
#[derive(Debug, Deserialize)]
pub struct Told {
    applied: u64,
    discarded: u64,
    waiting: u64,
    failures: Vec<ToldFailure>,
}

#[derive(Debug, Deserialize)]
struct ToldFailure {
    position: i64,
    error: String,
}

impl From<&Retried> for Told {
    fn from(retried: &Retried) -> Self {
        let failures = retried.failures.iter();
        let failures = failures
            .map(|failure| ToldFailure { position: failure.position.0, error: failure.error.clone() })
            .collect();
        let Retried { applied, discarded, waiting, .. } = *retried;
        Self { applied, discarded, waiting, failures }
    }
}

impl Told {
    /// It failed where a stream could not go on.
    pub const fn exit_code(&self) -> ExitCode {
        if self.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { applied, discarded, waiting, failures } = self;
        write!(out, "{applied} applied, {discarded} given up, {waiting} still wait")?;
        for failure in failures {
            write!(out, "\n  the event at {} cannot be applied: {}", failure.position, failure.error)?;
        }
        Ok(())
    }
}
