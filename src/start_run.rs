//! Starting a run: a model, a range and a few wishes become frozen terms, a run number, and a run that waits for its
//! first bar. The API, the command line and the work queue all come through here.

mod terms;

use actors::{CommandEnvelope, CommandError, Directory};
use bytes::Bytes;
use events::log::{LoadError, ReadError};
use events::model::{ModelCommand, ModelError, ModelSettings, TradingModel};
use events::policy::{FieldError, FillRule, PolicySpec};
use events::run::{Run, RunCommand, RunError};
use events::time::TradingDay;
use events::{Aggregate, Cash, CommandId, Interval, Metadata, ModelId, Position, RunId, Symbol};
use projections::bars::BarsStoreError;
use serde::{Deserialize, Serialize};

use crate::market::Market;
use crate::owners::owner_of;

/// What a run is wanted for. Whatever is left out comes from the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRun {
    /// The model to execute.
    pub model_id: ModelId,
    /// First day; its first bar opens the account.
    pub start_date: TradingDay,
    /// Last day, inclusive.
    pub end_date: TradingDay,
    /// Length of a bar; daily when left out.
    #[serde(default)]
    pub interval: Option<Interval>,
    /// These symbols of the model's.
    #[serde(default)]
    pub symbols: Option<Vec<Symbol>>,
    /// Another policy or other parameters than the model's.
    #[serde(default)]
    pub policy: Option<PolicySpec>,
    /// Other cash than the model's.
    #[serde(default)]
    pub initial_cash: Option<Cash>,
    /// Another fill rule than the model's.
    #[serde(default)]
    pub fill_rule: Option<FillRule>,
}

/// Who asks, and under which identity of command.
#[derive(Debug, Clone)]
pub struct CommandContext {
    /// The same id starts one run, however often it is sent.
    pub command_id: CommandId,
    /// Fingerprint of the request, where the sender chose the id.
    pub request_hash: Option<[u8; 32]>,
    /// Recorded with the events.
    pub metadata: Metadata,
}

/// A run that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartedRun {
    /// The run.
    pub run_id: RunId,
    /// Its number among the runs of its model.
    pub run_number: u32,
    /// Its model.
    pub model_id: ModelId,
    /// Where the log recorded it.
    pub position: Position,
    /// It had been started before by the same command.
    pub duplicate: bool,
}

/// What is kept with the events, to be answered again.
#[derive(Debug, Serialize, Deserialize)]
struct Reply {
    run_id: RunId,
    run_number: u32,
    model_id: ModelId,
}

/// Why there is no run.
#[derive(Debug, thiserror::Error)]
pub enum StartRunError {
    /// There is no such model, or it is deleted, or it is not the sender's.
    #[error("there is no model {0}")]
    NoModel(ModelId),
    /// The request breaks rules; every one of them is listed.
    #[error("the run cannot be started: {}", events::policy::sentence(.0))]
    Invalid(Vec<FieldError>),
    /// The command id was used for another request.
    #[error("this command id was used before for another request")]
    IdempotencyMismatch,
    /// The market store could not be read.
    #[error("the market store cannot be read")]
    Market(#[from] BarsStoreError),
    /// No connection to the database in time.
    #[error("no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The log could not be read.
    #[error("the event log cannot be read")]
    Read(#[from] ReadError),
    /// The model could not be folded.
    #[error("the model cannot be read")]
    Load(#[from] LoadError),
    /// The model refused to number the run.
    #[error("the model gave the run no number")]
    Model(#[source] CommandError<ModelError>),
    /// The run refused to be.
    #[error("the run was refused")]
    Run(#[source] CommandError<RunError>),
}

/// The run that a command starts: known to its sender before it is carried out.
pub fn run_id_of(command: CommandId) -> RunId {
    RunId::derived(&[b"start", command.uuid().as_bytes()])
}

/// Starts runs.
#[derive(Debug, Clone)]
pub struct RunStarter {
    /// Models number their runs.
    pub models: Directory<Aggregate<TradingModel>>,
    /// Runs freeze their terms.
    pub runs: Directory<Aggregate<Run>>,
    /// The bars.
    pub market: Market,
    /// Bars that are decided at once.
    pub chunk_bars: u32,
}

impl RunStarter {
    /// Freezes the terms and brings the run into being, for the owner of the model. It trades once a worker takes it.
    pub async fn start(
        &self,
        request: StartRun,
        context: CommandContext,
    ) -> Result<StartedRun, StartRunError> {
        if let Some(first) = self.answered(&context).await? {
            return Ok(first);
        }
        let model_id = request.model_id;
        let stream = self.models.stream(model_id);
        if owner_of(self.models.log(), &stream).await?.as_ref() != Some(&context.metadata.principal) {
            return Err(StartRunError::NoModel(model_id));
        }
        let model = self.models.log().load::<Aggregate<TradingModel>>(&stream).await?.state;
        let settings = &model.active().ok_or(StartRunError::NoModel(model_id))?.settings;
        let snapshot = terms::freeze(&self.market, settings, request, self.chunk_bars).await?;

        let run_id = run_id_of(context.command_id);
        let run_number = self.number(model_id, run_id, &context).await?;
        let reply = Reply { run_id, run_number, model_id };
        let command = RunCommand::Request { model_id, run_number, snapshot: Box::new(snapshot) };
        let envelope = CommandEnvelope {
            request_hash: context.request_hash,
            reply: serde_json::to_vec(&reply).ok().map(Bytes::from),
            ..CommandEnvelope::new(command, context.command_id).with_metadata(context.metadata)
        };
        match self.runs.execute(run_id, envelope).await {
            Ok(receipt) => {
                let (position, duplicate) = (receipt.position, receipt.duplicate);
                Ok(StartedRun { run_id, run_number, model_id, position, duplicate })
            }
            Err(CommandError::IdempotencyMismatch) => Err(StartRunError::IdempotencyMismatch),
            Err(error) => Err(StartRunError::Run(error)),
        }
    }

    /// Whether a run of a model with `settings` could be started; nothing is written.
    pub async fn check(&self, settings: &ModelSettings, request: StartRun) -> Result<(), StartRunError> {
        terms::freeze(&self.market, settings, request, self.chunk_bars).await.map(drop)
    }

    /// The answer of a command that was carried out before, whatever has become of the model since.
    async fn answered(&self, context: &CommandContext) -> Result<Option<StartedRun>, StartRunError> {
        let Some(answer) = self.runs.log().answer_to(context.command_id).await? else { return Ok(None) };
        if answer.request_hash != context.request_hash {
            return Err(StartRunError::IdempotencyMismatch);
        }
        let reply = answer.reply.and_then(|reply| serde_json::from_slice::<Reply>(reply.as_ref()).ok());
        let Reply { run_id, run_number, model_id } = reply.ok_or(StartRunError::IdempotencyMismatch)?;
        Ok(Some(StartedRun { run_id, run_number, model_id, position: answer.last, duplicate: true }))
    }

    async fn number(
        &self,
        model_id: ModelId,
        run_id: RunId,
        context: &CommandContext,
    ) -> Result<u32, StartRunError> {
        let command_id = CommandId::derived(&[b"number", context.command_id.uuid().as_bytes()]);
        let envelope = CommandEnvelope::new(ModelCommand::AllocateRun { run_id }, command_id)
            .with_metadata(context.metadata.clone());
        self.models.execute(model_id, envelope).await.map_err(StartRunError::Model)?;
        let stream = self.models.stream(model_id);
        let model = self.models.log().load::<Aggregate<TradingModel>>(&stream).await?.state;
        model.run_number(run_id).ok_or(StartRunError::NoModel(model_id))
    }
}
