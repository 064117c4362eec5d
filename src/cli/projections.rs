//! `tapedeck projections`

use std::process::ExitCode;

use ::projections::Projections;
use ::projections::status::status;
use clap::Subcommand;

use super::Output;
use super::output::table;
use super::remote::{self, Place};
use crate::config::Config;
use crate::tape::Tape;

/// What can be seen and done about the read models.
#[derive(Debug, Subcommand)]
pub enum ProjectionsVerb {
    /// How far each has read, and what stops it
    Status,
    /// Fold one anew from the log; readers keep seeing the old rows meanwhile
    Rebuild {
        /// Its name, as `status` lists it
        name: String,
    },
}

/// Shows or rebuilds.
pub async fn run(verb: ProjectionsVerb, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        return match &verb {
            ProjectionsVerb::Status => remote::projections::status(&remote, output).await,
            ProjectionsVerb::Rebuild { name } => remote::projections::rebuild(&remote, name, output).await,
        };
    }
    let tape = Tape::open(config).await?;
    let outcome = match verb {
        ProjectionsVerb::Status => show(&tape, output).await,
        ProjectionsVerb::Rebuild { name } => rebuild(&tape, &name, output).await,
    };
    tape.close().await?;
    outcome
}

async fn show(tape: &Tape, output: &Output) -> anyhow::Result<ExitCode> {
    let client = tape.log.pool().get().await?;
    let shards = status(&client).await?;
    output.show(&shards, |shards| {
        let rows = shards.iter().map(|shard| {
            vec![
                shard.projection.clone(),
                shard.status.clone(),
                shard.position.to_string(),
                shard.lag_events.to_string(),
                format!("{:.1}", shard.lag_s),
                shard.parked.to_string(),
                shard.error.as_ref().map_or_else(String::new, |error| error.text.clone()),
            ]
        });
        table(&["projection", "status", "position", "lag", "lag s", "parked", "error"], 2, rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn rebuild(tape: &Tape, name: &str, output: &Output) -> anyhow::Result<ExitCode> {
    let progress = output.progress(0, "events");
    progress.set_message(format!("rebuilding {name}"));
    let bar = progress.clone();
    let mut report = move |at: ::projections::rebuild::Progress| {
        bar.set_length(u64::try_from(at.total.0).unwrap_or(0));
        bar.set_position(u64::try_from(at.done.0).unwrap_or(0));
    };
    let rebuilt = Projections::standard().rebuild(name, &tape.log, &mut report).await?;
    progress.finish_and_clear();
    output.show(&rebuilt, |rebuilt| {
        format!(
            "{} was folded anew: {} events up to position {}, {} rows",
            rebuilt.projection, rebuilt.events, rebuilt.position, rebuilt.rows
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
