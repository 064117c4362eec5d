//! The command line: parse, run, exit code. A file per subcommand.
//!
//! Exit codes: 0 done, 1 it failed or found a difference, 2 the command line or its input was wrong.

mod account;
mod api_key;
mod audit;
mod bench;
mod commands;
mod demo;
mod doctor;
mod door;
mod events;
mod import;
mod login;
mod output;
mod parked;
mod password;
mod portfolio;
mod projections;
mod remote;
mod replay;
mod run;
mod scripted_ai;
mod serve;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

pub use output::Output;

use crate::config::{Config, ConfigError};
use crate::identity::IdentityError;
use crate::start_run::StartRunError;
use crate::telemetry::Telemetry;

/// An event-sourced backend for portfolios and AI trading strategies: every number can be replayed and explained.
#[derive(Debug, Parser)]
#[command(name = "tapedeck", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    flags: GlobalFlags,
    #[command(subcommand)]
    command: Command,
}

/// What every subcommand takes.
#[derive(Debug, Args)]
struct GlobalFlags {
    /// Configuration file [default: tapedeck.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the private Postgres and NATS [default: .tapedeck]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Use this Postgres instead of a private one
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Use this NATS instead of a private one
    #[arg(long, global = true, value_name = "URL")]
    nats_url: Option<String>,
    /// Ask this server instead of working here, as whoever `tapedeck login` signed in [also: TAPEDECK_SERVER]
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// Trust these authorities too when the server is asked over TLS; certificates in PEM
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Lowest level logged, or a list of target=level [default: warn; serve: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, keep the read models and drive runs
    Serve(serve::Serve),
    /// Show what tapedeck does, with real prices
    Demo(demo::Demo),
    /// Start and look at backtests
    #[command(subcommand)]
    Run(run::RunVerb),
    /// Bring portfolios in and look at them: what they hold, earn and risk
    #[command(subcommand)]
    Portfolio(portfolio::PortfolioVerb),
    /// Fold a run's events again, up to any point, and show the account as it was then
    Replay(replay::Replay),
    /// Verify what was recorded; exits with 1 when anything differs
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Make and change accounts
    #[command(subcommand)]
    Account(account::AccountVerb),
    /// Open a session at a server for later commands
    Login(login::Login),
    /// End that session
    Logout,
    /// Show as whom commands ask a server
    Whoami,
    /// Make and end API keys of whoever is logged in
    #[command(subcommand, name = "apikey")]
    ApiKey(api_key::ApiKeyVerb),
    /// Look after the read models
    #[command(subcommand)]
    Projections(projections::ProjectionsVerb),
    /// Look after commands that could not be carried out
    #[command(subcommand)]
    Commands(commands::CommandsVerb),
    /// Check everything tapedeck needs and say what to type where something is missing
    Doctor,
    /// Read data from files
    #[command(subcommand)]
    Import(import::Import),
    /// Look at the event log
    #[command(subcommand)]
    Events(events::Events),
    /// Measure the performance promises
    Bench(bench::Bench),
    /// Serve an AI provider that keeps to a script
    #[command(hide = true)]
    ScriptedAi(scripted_ai::ScriptedAi),
}

/// Flags in the shape of the configuration: what is absent overrides nothing.
#[derive(Debug, Serialize)]
struct Overrides {
    data_dir: Option<PathBuf>,
    database: UrlOverride,
    nats: UrlOverride,
    telemetry: LevelOverride,
    client: ServerOverride,
}

#[derive(Debug, Serialize)]
struct ServerOverride {
    server: Option<String>,
    ca_file: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct UrlOverride {
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct LevelOverride {
    level: Option<String>,
}

impl Command {
    /// The name of a command that can only work on this machine.
    const fn only_here(&self) -> Option<&'static str> {
        match self {
            Self::Serve(_) => Some("serve"),
            Self::Demo(_) => Some("demo"),
            Self::Account(account::AccountVerb::CreateAdmin(_)) => Some("account create-admin"),
            Self::Account(account::AccountVerb::ClaimToken) => Some("account claim-token"),
            Self::Bench(_) => Some("bench"),
            Self::ScriptedAi(_) => Some("scripted-ai"),
            Self::Account(_)
            | Self::Run(_)
            | Self::Portfolio(_)
            | Self::Login(_)
            | Self::Logout
            | Self::Whoami
            | Self::ApiKey(_)
            | Self::Replay(_)
            | Self::Audit(_)
            | Self::Doctor
            | Self::Import(_)
            | Self::Projections(_)
            | Self::Commands(_)
            | Self::Events(_) => None,
        }
    }

    /// Programs that a person runs to see something keep their log quiet.
    const fn default_level(&self) -> Option<&'static str> {
        match self {
            Self::Serve(_) => None,
            _ => Some("warn"),
        }
    }
}

/// Runs the program and says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.flags.json);
    match start(cli, &output) {
        Ok(code) => code,
        Err(error) => {
            output.failure(&error);
            exit_code_of(&error)
        }
    }
}

/// What was asked for is wrong, or it failed.
fn exit_code_of(error: &anyhow::Error) -> ExitCode {
    let wrong_input = error.downcast_ref::<ConfigError>().is_some()
        || matches!(error.downcast_ref::<IdentityError>(), Some(IdentityError::Invalid(_)))
        || matches!(
            error.downcast_ref::<StartRunError>(),
            Some(StartRunError::Invalid(_) | StartRunError::NoModel(_))
        );
    if wrong_input { ExitCode::from(2) } else { ExitCode::FAILURE }
}

fn start(cli: Cli, output: &Output) -> anyhow::Result<ExitCode> {
    let default_level = cli.command.default_level().map(str::to_owned);
    let overrides = Overrides {
        data_dir: cli.flags.data_dir,
        database: UrlOverride { url: cli.flags.database_url },
        nats: UrlOverride { url: cli.flags.nats_url },
        telemetry: LevelOverride { level: cli.flags.log_level },
        client: ServerOverride { server: cli.flags.server, ca_file: cli.flags.ca_file },
    };
    let mut config = Config::load(cli.flags.config, &overrides)?;
    let level_is_default = config
        .provenance()
        .iter()
        .any(|setting| setting.key == "telemetry.level" && setting.source == "default");
    if let (true, Some(level)) = (level_is_default, default_level) {
        config.telemetry.level = level;
    }
    // Ends after the runtime, so that the last spans are sent.
    let _telemetry = Telemetry::start(&config.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(dispatch(cli.command, config, output))?;
    Ok(code)
}

async fn dispatch(command: Command, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Some(name) = command.only_here() {
        remote::refuse_if_there(&config, name)?;
    }
    match command {
        Command::Serve(serve) => serve::run(serve, config, output).await,
        Command::Demo(demo) => demo::run(demo, config, output).await,
        Command::Run(verb) => run::run(verb, config, output).await,
        Command::Portfolio(verb) => portfolio::run(verb, config, output).await,
        Command::Replay(replay) => replay::run(replay, config, output).await,
        Command::Audit(audit) => audit::run(audit, config, output).await,
        Command::Account(verb) => account::run(verb, config, output).await,
        Command::Login(login) => login::login(login, &config, output).await,
        Command::Logout => login::logout(&config, output).await,
        Command::Whoami => login::whoami(&config, output).await,
        Command::ApiKey(verb) => api_key::run(verb, &config, output).await,
        Command::Projections(verb) => projections::run(verb, config, output).await,
        Command::Commands(verb) => commands::run(verb, config, output).await,
        Command::Doctor => doctor::run(&config, output).await,
        Command::Import(import) => import::run(import, config, output).await,
        Command::Events(events) => events::run(events, config, output).await,
        Command::Bench(bench) => bench::run(bench, config, output).await,
        Command::ScriptedAi(scripted) => scripted_ai::run(scripted, output).await,
    }
}
