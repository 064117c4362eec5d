//! The worker role: drives the runs that are requested in the log, values portfolios, and takes `start run` commands from the work queue.

use actors::ports::{MarketData, PortError, UnfinishedRuns};
use actors::work_queue::{CommandHandler, CommandMessage, CommandWorker, DeadLetters, HandleError};
use actors::{
    Analyst, AnalystOptions, RunDispatcher, RunDispatcherOptions, RunLoop, RunLoopOptions, until_over,
};
use async_nats::jetstream;
use bytes::Bytes;
use deadpool_postgres::Pool;
use events::causes::whole_chain;
use events::market::Bars;
use events::run::RunSnapshot;
use events::{Metadata, Principal, RunId};
use projections::bars::BarsStoreError;
use serde_json::json;
use std::sync::Arc;

use crate::app::App;
use crate::market::{Market, MarketError};
use crate::start_run::{CommandContext, RunStarter, StartRun, StartRunError};
use crate::valuation::{NewestCloses, ReadValuations};

/// The category under which commands to start runs stand on the work queue.
pub const RUN_COMMANDS: &str = "run";

/// The worker of a process.
#[derive(Debug)]
pub struct Worker {
    dispatcher: RunDispatcher,
    analyst: Analyst,
    commands: CommandWorker,
}

impl Worker {
    /// Starts to drive runs, to value portfolios and to take commands.
    pub fn start(app: &App) -> Self {
        let (starter, reads, queue) = (app.starter.clone(), app.reads.clone(), app.queue.clone());
        let (active_max, nats) = (app.config.runs.active_max, app.nats.clone());
        let analyst = Analyst::start(
            &app.portfolios,
            app.valuations.clone(),
            NewestCloses(app.closes.clone()),
            ReadValuations::new(reads.clone(), app.closes.clone(), app.books.clone()),
            AnalystOptions::default(),
        );
        let run_loop = RunLoop::new(starter.runs.clone(), starter.market.clone(), RunLoopOptions::default());
        let options = RunDispatcherOptions { active_max, ..RunDispatcherOptions::default() };
        let dispatcher = RunDispatcher::start(run_loop, ReadModels(reads), options);
        let dead_letters = DeadLetters::new(starter.runs.log().clone());
        let handler = StartRuns { starter };
        let commands = CommandWorker::start(jetstream::new(nats), RUN_COMMANDS, queue, dead_letters, handler);
        Self { dispatcher, analyst, commands }
    }

    /// Finishes what was sent and leaves; runs go on elsewhere, or when this node is back.
    pub async fn stop(self) {
        self.commands.stop().await;
        self.dispatcher.stop().await;
        self.analyst.stop().await;
    }
}

impl MarketData for Market {
    async fn bars(&self, snapshot: &RunSnapshot) -> Result<Arc<Bars>, PortError> {
        self.bars_of(snapshot).await.map_err(|error| {
            let reason = whole_chain(&error);
            match error {
                MarketError::Pool(_) | MarketError::Store(BarsStoreError::Database { .. }) => {
                    PortError::Transient { reason }
                }
                MarketError::Store(_) => PortError::Permanent { reason },
            }
        })
    }
}

/// Unfinished runs as the read models know them.
struct ReadModels(Pool);

impl UnfinishedRuns for ReadModels {
    async fn unfinished(&self, limit: usize) -> Result<Vec<RunId>, PortError> {
        let transient = |reason: String| PortError::Transient { reason };
        let client = self.0.get().await.map_err(|error| transient(error.to_string()))?;
        let mut runs =
            projections::runs::unfinished(&client).await.map_err(|error| transient(whole_chain(&error)))?;
        runs.truncate(limit);
        Ok(runs)
    }
}

/// Carries out [`StartRun`] commands: a command is done when its run is over.
struct StartRuns {
    starter: RunStarter,
}

impl CommandHandler for StartRuns {
    async fn handle(&self, message: CommandMessage) -> Result<Bytes, HandleError> {
        let request: StartRun = serde_json::from_slice(&message.payload).map_err(|error| {
            HandleError::Permanent { reason: format!("not a command to start a run: {error}") }
        })?;
        let metadata = Metadata::new(Principal::local_owner(), None);
        let context = CommandContext { command_id: message.command_id, request_hash: None, metadata };
        let started = self.starter.start(request, context).await.map_err(refusal)?;
        let status = until_over(&self.starter.runs, started.run_id)
            .await
            .map_err(|error| HandleError::Transient { reason: whole_chain(&error) })?;
        let answer = json!({ "run_id": started.run_id, "run_number": started.run_number, "status": status });
        Ok(Bytes::from(answer.to_string()))
    }
}

fn refusal(error: StartRunError) -> HandleError {
    let reason = whole_chain(&error);
    match error {
        StartRunError::NoModel(_) | StartRunError::Invalid(_) | StartRunError::IdempotencyMismatch => {
            HandleError::Permanent { reason }
        }
        StartRunError::Market(_)
        | StartRunError::Pool(_)
        | StartRunError::Read(_)
        | StartRunError::Load(_)
        | StartRunError::Model(_)
        | StartRunError::Run(_) => HandleError::Transient { reason },
    }
}
