//! The worker role: drives the runs that are requested in the log, values portfolios, and takes `start run` commands from the work queue.

use actors::ports::{MarketData, PortError, UnfinishedRuns};
use actors::work_queue::{
    CommandHandler, CommandMessage, CommandWorker, DeadLetters, HandleError, WorkQueueOptions,
};
use actors::{
    Analyst, AnalystOptions, Directory, RunDispatcher, RunDispatcherOptions, RunLoop, RunLoopOptions,
    Valuations, until_over,
};
use async_nats::jetstream;
use bytes::Bytes;
use deadpool_postgres::Pool;
use events::causes::whole_chain;
use events::market::Bars;
use events::run::RunSnapshot;
use events::{Aggregate, Metadata, Portfolio, Principal, RunId};
use projections::bars::BarsStoreError;
use projections::closes::Closes;
use projections::portfolios::Books;
use serde_json::json;
use std::sync::Arc;

use crate::market::{Market, MarketError};
use crate::start_run::{CommandContext, RunStarter, StartRun, StartRunError};
use crate::valuation::{NewestCloses, ReadValuations};

/// What a worker works with.
#[derive(Debug)]
pub struct Parts {
    /// Starts runs.
    pub starter: RunStarter,
    /// The actors of portfolios.
    pub portfolios: Directory<Aggregate<Portfolio>>,
    /// The actors of their valuations.
    pub valuations: Valuations,
    /// The closes that portfolios are valued by.
    pub closes: Closes,
    /// Portfolios as the read models know them.
    pub books: Books,
    /// Knows what is unfinished and what is behind.
    pub reads: Pool,
    /// Runs that are driven at once at most.
    pub active_max: usize,
    /// Brings commands.
    pub nats: async_nats::Client,
    /// How they are taken.
    pub queue: WorkQueueOptions,
}

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
    pub fn start(parts: Parts) -> Self {
        let Parts { starter, portfolios, valuations, closes, books, reads, active_max, nats, queue } = parts;
        let stale = ReadValuations::new(reads.clone(), closes.clone(), books);
        let options = AnalystOptions::default();
        let analyst = Analyst::start(&portfolios, valuations, NewestCloses(closes), stale, options);
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
