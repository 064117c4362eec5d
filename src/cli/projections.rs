//! `tapedeck projections`

use std::process::ExitCode;

use ::events::account::Origin;
use ::events::operations::{Operation, Outcome};
use ::projections::Projections;
use ::projections::rebuild::Rebuilt;
use ::projections::status::status;
use actors::DirectoryOptions;
use clap::Subcommand;

use super::Output;
use super::output::table;
use super::parked::{self, Chosen, Told};
use super::remote::{self, Place, Remote};
use super::why::Why;
use crate::config::Config;
use crate::identity::{Asked, Operator};
use crate::operations::{self, Journal, UnderWay};
use crate::tape::Tape;

/// Parked events shown at most.
const EVENTS_MAX: u16 = 200;

/// What can be seen and done about the read models.
#[derive(Debug, Subcommand)]
pub enum ProjectionsVerb {
    /// How far each has read, and what stops it
    Status,
    /// Fold one anew from the log; readers keep seeing the old rows meanwhile
    Rebuild {
        /// Its name, as `status` lists it
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// List events that could not be applied, oldest first; their streams wait behind them
    Parked(parked::Which),
    /// Try parked events again, each stream in its order
    Retry {
        /// The read model
        name: String,
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        why: Why,
    },
    /// Give parked events up, then try what waits behind them
    Discard {
        /// The read model
        name: String,
        #[command(flatten)]
        chosen: Chosen,
        /// Why; it is kept with each event
        #[arg(long)]
        reason: String,
    },
}

/// Shows, rebuilds, or decides what becomes of parked events.
pub async fn run(verb: ProjectionsVerb, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        return ask(&remote, &verb, output).await;
    }
    let tape = Tape::open(config).await?;
    let outcome = match &verb {
        ProjectionsVerb::Status => show(&tape, output).await,
        ProjectionsVerb::Rebuild { name, why } => rebuild(&tape, name, &why.reason, output).await,
        ProjectionsVerb::Parked(which) => list(&tape, which, output).await,
        ProjectionsVerb::Retry { name, chosen, why } => {
            decide(&tape, Decision::Retry, name, chosen, &why.reason, output).await
        }
        ProjectionsVerb::Discard { name, chosen, reason } => {
            decide(&tape, Decision::Discard, name, chosen, reason, output).await
        }
    };
    tape.close().await?;
    outcome
}

async fn ask(remote: &Remote, verb: &ProjectionsVerb, output: &Output) -> anyhow::Result<ExitCode> {
    match verb {
        ProjectionsVerb::Status => remote::projections::status(remote, output).await,
        ProjectionsVerb::Rebuild { name, why } => {
            remote::projections::rebuild(remote, name, &why.reason, output).await
        }
        ProjectionsVerb::Parked(which) => remote::parked::events(remote, which, output).await,
        ProjectionsVerb::Retry { name, chosen, why } => {
            remote::parked::decide(remote, "retry", name, &chosen.selection(), &why.reason, output).await
        }
        ProjectionsVerb::Discard { name, chosen, reason } => {
            remote::parked::decide(remote, "discard", name, &chosen.selection(), reason, output).await
        }
    }
}

/// What becomes of parked events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Retry,
    Discard,
}

async fn list(tape: &Tape, which: &parked::Which, output: &Output) -> anyhow::Result<ExitCode> {
    let client = tape.log.pool().get().await?;
    let projection = which.projection.as_deref();
    let page = ::projections::parked::list(&client, projection, Some(which.state), None, EVENTS_MAX).await?;
    output.show(&page.items, |events| parked::list(events.iter().cloned().map(Into::into).collect()))?;
    Ok(ExitCode::SUCCESS)
}

async fn decide(
    tape: &Tape,
    decision: Decision,
    name: &str,
    chosen: &Chosen,
    reason: &str,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let (selection, operator) = (chosen.selection(), Operator::at_the_machine());
    let operation = match decision {
        Decision::Retry => Operation::retry_parked(name, &selection.to_string()),
        Decision::Discard => Operation::discard_parked(name, &selection.to_string()),
    };
    let begun = begin(tape, &operator, operation, reason).await?;
    let (all, by) = (Projections::standard(), &operator.principal().0);
    let retried = match decision {
        Decision::Retry => all.retry(name, &tape.log, &selection, by).await,
        Decision::Discard => all.discard(name, &tape.log, &selection, reason, by).await,
    };
    let (retried, _) = begun.end_with(retried, operations::of_retried).await?;
    let told = Told::from(&retried);
    output.show(&retried, |_| told.to_string())?;
    Ok(told.exit_code())
}

async fn begin(
    tape: &Tape,
    operator: &Operator,
    operation: Operation,
    reason: &str,
) -> anyhow::Result<UnderWay> {
    let journal = Journal::start(tape.log.clone(), DirectoryOptions::default()).await?;
    Ok(journal.begin(operator, operation, reason, &Asked::now(Origin::default())).await?)
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

async fn rebuild(tape: &Tape, name: &str, reason: &str, output: &Output) -> anyhow::Result<ExitCode> {
    let operation = Operation::RebuildReadModel { projection: name.to_owned() };
    let begun = begin(tape, &Operator::at_the_machine(), operation, reason).await?;
    let progress = output.progress(0, "events");
    progress.set_message(format!("rebuilding {name}"));
    let bar = progress.clone();
    let mut report = move |at: ::projections::rebuild::Progress| {
        bar.set_length(u64::try_from(at.total.0).unwrap_or(0));
        bar.set_position(u64::try_from(at.done.0).unwrap_or(0));
    };
    let rebuilt = Projections::standard().rebuild(name, &tape.log, &mut report).await;
    progress.finish_and_clear();
    let counted = |rebuilt: &Rebuilt| Outcome::done([("events", rebuilt.events), ("rows", rebuilt.rows)]);
    let (rebuilt, _) = begun.end_with(rebuilt, counted).await?;
    output.show(&rebuilt, |rebuilt| {
        format!(
            "{} was folded anew: {} events up to position {}, {} rows",
            rebuilt.projection, rebuilt.events, rebuilt.position, rebuilt.rows
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
