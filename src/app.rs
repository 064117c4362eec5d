//! The application: reads like a parts list. Everything is made here and handed on; nothing else composes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actors::work_queue::{CommandPublisher, WorkQueueOptions, ensure_stream};
use actors::{Directory, DirectoryOptions};
use async_nats::jetstream;
use deadpool_postgres::Pool;
use events::Aggregate;
use events::account::Account;
use events::invitations::Invitations;
use events::log::Log;
use events::model::TradingModel;
use events::portfolio::Portfolio;
use events::run::Run;
use events::tags::TagBook;
use events::valuation::Valuation;
use projections::closes::Closes;
use projections::portfolios::{Books, Rolls};
use projections::{Projections, RunnerOptions, RunningProjections, Watermarks};

use crate::ai::{AiModels, AiSetupError};
use crate::config::Config;
use crate::embedded::{EmbeddedError, Services};
use crate::identity::{Identity, IdentityError};
use crate::market::Market;
use crate::operations::Journal;
use crate::start_run::RunStarter;
use crate::tape::{Tape, TapeError};
use crate::worker::{self, Worker};

/// What a process does besides answering its own caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Role {
    /// Serves the HTTP API.
    Api,
    /// Keeps the read models.
    Projector,
    /// Drives runs and takes commands from the work queue.
    Worker,
}

impl Role {
    /// All of them: one process that does everything.
    pub fn all() -> BTreeSet<Self> {
        BTreeSet::from([Self::Api, Self::Projector, Self::Worker])
    }
}

/// The parts that handlers and commands use; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// The event log.
    pub log: Log,
    /// Connections for queries on the read models.
    pub reads: Pool,
    /// The actors of trading models.
    pub models: Directory<Aggregate<TradingModel>>,
    /// The actors of runs.
    pub runs: Directory<Aggregate<Run>>,
    /// The actors of portfolios.
    pub portfolios: Directory<Aggregate<Portfolio>>,
    /// The actors of portfolios' valuations.
    pub valuations: Directory<Aggregate<Valuation>>,
    /// The actors of owners' tags.
    pub tags: Directory<Aggregate<TagBook>>,
    /// The actors of accounts.
    pub accounts: Directory<Aggregate<Account>>,
    /// The actor of the list of invitations.
    pub invitations: Directory<Aggregate<Invitations>>,
    /// What operators do.
    pub journal: Journal,
    /// Who is asking, and what they may do.
    pub identity: Identity,
    /// The price history.
    pub market: Market,
    /// Daily closes in memory.
    pub closes: Closes,
    /// Portfolios with all their facts.
    pub books: Books,
    /// Portfolios that were rolled forward lately.
    pub rolls: Rolls,
    /// Starts runs.
    pub starter: RunStarter,
    /// AI models.
    pub ai: AiModels,
    /// The read models.
    pub projections: Projections,
    /// How far the read models have got.
    pub watermarks: Watermarks,
    /// The message server.
    pub nats: async_nats::Client,
    /// The work queue.
    pub queue: WorkQueueOptions,
}

impl App {
    /// Puts commands on the work queue.
    pub fn publisher(&self) -> CommandPublisher {
        CommandPublisher::new(jetstream::new(self.nats.clone()), self.queue.clone())
    }
}

/// An application with its servers and background work.
#[derive(Debug)]
pub struct RunningApp {
    /// The parts.
    pub app: App,
    tape: Tape,
    projections: Option<RunningProjections>,
    worker: Option<Worker>,
}

/// Why the application did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Servers, schema or log.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// A private server that died while the application started could not be started again.
    #[error(transparent)]
    Services(#[from] EmbeddedError),
    /// The directories' routers.
    #[error("the actors cannot be started")]
    Actors(#[from] ractor::SpawnErr),
    /// NATS cannot be reached.
    #[error("NATS cannot be reached")]
    Nats(#[from] async_nats::ConnectError),
    /// The identity service cannot be set up.
    #[error("the identity service cannot be set up")]
    Identity(#[from] IdentityError),
    /// The AI providers cannot be set up.
    #[error("the AI providers cannot be set up")]
    Ai(#[from] AiSetupError),
    /// The work queue cannot be set up.
    #[error("the work queue cannot be set up")]
    WorkQueue(#[from] async_nats::jetstream::context::CreateStreamError),
    /// A connection pool.
    #[error("no connection pool for queries")]
    Pool(#[from] events::log::ConnectError),
}

impl RunningApp {
    /// Opens the tape and starts what `roles` ask for.
    pub async fn start(config: Config, roles: &BTreeSet<Role>) -> Result<Self, StartError> {
        let tape = Tape::open(config).await?;
        let app = assemble(&tape).await?;
        let projections = roles
            .contains(&Role::Projector)
            .then(|| app.projections.start(&app.log, &app.watermarks, &RunnerOptions::default()));
        let worker = match roles.contains(&Role::Worker) {
            true => Some(Worker::start(worker::Parts {
                starter: app.starter.clone(),
                portfolios: app.portfolios.clone(),
                valuations: app.valuations.clone(),
                closes: app.closes.clone(),
                books: app.books.clone(),
                reads: app.reads.clone(),
                active_max: app.config.runs.active_max,
                nats: app.nats.clone(),
                queue: app.queue.clone(),
            })),
            false => None,
        };
        Ok(Self { app, tape, projections, worker })
    }

    /// The servers behind it.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Ends background work, lets actors finish, and leaves the servers.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        if let Some(worker) = self.worker {
            worker.stop().await;
        }
        if let Some(projections) = self.projections {
            projections.stop().await;
        }
        self.app.models.stop().await;
        self.app.runs.stop().await;
        self.app.portfolios.stop().await;
        self.app.valuations.stop().await;
        self.app.tags.stop().await;
        self.app.accounts.stop().await;
        self.app.invitations.stop().await;
        self.app.journal.stop().await;
        drop(self.app);
        self.tape.close().await
    }
}

async fn assemble(tape: &Tape) -> Result<App, StartError> {
    let config = Arc::new(tape.config.clone());
    let log = tape.log.clone();
    let options = DirectoryOptions {
        permits: config.actors.permits,
        idle: Duration::from_millis(config.actors.passivate_after_ms),
        ..DirectoryOptions::default()
    };
    let queue = WorkQueueOptions::default();
    // First: of all that follows, only this needs a server at once.
    let nats = insist_on_nats(&tape.services, &queue).await?;
    let models = Directory::start(log.clone(), (), options).await?;
    let runs = Directory::start(log.clone(), (), options).await?;
    let portfolios = Directory::start(log.clone(), (), options).await?;
    let valuations = Directory::start(log.clone(), (), options).await?;
    let tags = Directory::start(log.clone(), (), options).await?;
    let accounts = Directory::start(log.clone(), (), options).await?;
    let invitations = Directory::start(log.clone(), (), options).await?;
    let journal = Journal::start(log.clone(), options).await?;
    let reads = log.connector().pool(config.database.pool_size)?;
    let market = Market::new(reads.clone());
    let closes = Closes::new(reads.clone());
    let chunk_bars = u32::try_from(config.runs.chunk_bars).unwrap_or(u32::MAX);
    let starter =
        RunStarter { models: models.clone(), runs: runs.clone(), market: market.clone(), chunk_bars };
    let watermarks = Watermarks::new(reads.clone());
    let identity = Identity::new(
        config.clone(),
        accounts.clone(),
        invitations.clone(),
        reads.clone(),
        watermarks.clone(),
    )?;
    let projections = Projections::standard();
    let ai = AiModels::new(&config.ai)?;
    Ok(App {
        config,
        ai,
        log,
        reads,
        models,
        runs,
        portfolios,
        valuations,
        tags,
        accounts,
        invitations,
        journal,
        identity,
        market,
        closes,
        books: Books::default(),
        rolls: Rolls::default(),
        starter,
        projections,
        watermarks,
        nats,
        queue,
    })
}

async fn insist_on_nats(
    services: &Services,
    queue: &WorkQueueOptions,
) -> Result<async_nats::Client, StartError> {
    let insistence = services.insistence();
    loop {
        match reach_nats(services, queue).await {
            Ok(nats) => return Ok(nats),
            Err(error) => services.insist(insistence, error).await?,
        }
    }
}

async fn reach_nats(services: &Services, queue: &WorkQueueOptions) -> Result<async_nats::Client, StartError> {
    let nats = crate::embedded::nats::connect(&services.nats, nats_options()).await?;
    ensure_stream(&jetstream::new(nats.clone()), queue).await?;
    Ok(nats)
}

/// A process outlives its message server: it reconnects for ever.
fn nats_options() -> async_nats::ConnectOptions {
    async_nats::ConnectOptions::new().name("tapedeck").max_reconnects(None)
}
