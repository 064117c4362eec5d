//! `tapedeck commands`: what the work queue could not carry out.

use std::process::ExitCode;

use ::events::CommandId;
use ::events::account::Origin;
use ::events::operations::{Operation, Outcome};
use actors::work_queue::{DeadLetter, DeadLetterState, DeadLetters};
use clap::{Args, Subcommand};

use super::Output;
use super::output::table;
use super::remote::{self, Place};
use super::why::Why;
use crate::app::{App, RunningApp};
use crate::config::Config;
use crate::http::parked_commands::ParkedCommandView;
use crate::identity::{Asked, Operator};

/// Commands shown at most.
const COMMANDS_MAX: u32 = 200;

/// What can be seen and done about commands that could not be carried out.
#[derive(Debug, Subcommand)]
pub enum CommandsVerb {
    /// List them, the newest first
    Parked(Parked),
    /// Put one on the work queue again; what it has done already is not done twice
    Retry {
        /// Its id
        command: CommandId,
        #[command(flatten)]
        why: Why,
    },
    /// Give one up for good
    Discard {
        /// Its id
        command: CommandId,
        /// Why; it is kept with the command
        #[arg(long)]
        reason: String,
    },
}

/// Which of them.
#[derive(Debug, Args)]
pub struct Parked {
    /// parked, retried or discarded
    #[arg(long, default_value = "parked")]
    pub state: DeadLetterState,
}

/// Lists, retries or discards.
pub async fn run(verb: CommandsVerb, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        return remote::parked::commands(&remote, &verb, output).await;
    }
    let running = RunningApp::start(config, &[].into()).await?;
    let outcome = here(&running.app, verb, output).await;
    running.stop().await?;
    outcome
}

async fn here(app: &App, verb: CommandsVerb, output: &Output) -> anyhow::Result<ExitCode> {
    let letters = DeadLetters::new(app.log.clone());
    let (operation, reason) = match &verb {
        CommandsVerb::Parked(Parked { state }) => {
            let found = letters.list(Some(*state), None, COMMANDS_MAX).await?;
            let rows = found.iter().map(row_of).collect::<Vec<_>>();
            let views: Vec<_> = found.into_iter().map(ParkedCommandView::from).collect();
            output.show(&views, |_| list(rows))?;
            return Ok(ExitCode::SUCCESS);
        }
        CommandsVerb::Retry { command, why } => {
            (Operation::RetryParkedCommand { command_id: *command }, why.reason.as_str())
        }
        CommandsVerb::Discard { command, reason } => {
            (Operation::DiscardParkedCommand { command_id: *command }, reason.as_str())
        }
    };
    let operator = Operator::at_the_machine();
    let begun = app.journal.begin(&operator, operation, reason, &Asked::now(Origin::default())).await?;
    let by = &operator.principal().0;
    let letter = match &verb {
        CommandsVerb::Discard { command, .. } => letters.discard(*command, reason, by).await,
        CommandsVerb::Retry { command, .. } => letters.replay(*command, &app.publisher(), by).await,
        CommandsVerb::Parked(_) => return Ok(ExitCode::SUCCESS),
    };
    let (letter, _) = begun.end_with(letter, |_| Outcome::done([])).await?;
    let told = done(&letter.command_id.to_string(), letter.state().name());
    output.show(&ParkedCommandView::from(letter), |_| told)?;
    Ok(ExitCode::SUCCESS)
}

fn row_of(letter: &DeadLetter) -> Vec<String> {
    vec![
        letter.command_id.to_string(),
        letter.state().name().to_owned(),
        letter.subject.clone(),
        format!("{:.0}", letter.at),
        letter.deliveries.to_string(),
        letter.error.clone(),
    ]
}

/// Parked commands for people.
pub fn list(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    table(&["command", "state", "subject", "parked at", "deliveries", "error"], 99, rows)
}

/// What became of a command, for people.
pub fn done(command: &str, state: &str) -> String {
    match state {
        "retried" => format!("{command} is on the work queue again"),
        _ => format!("{command} is {state}"),
    }
}
