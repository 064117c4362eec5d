//! Folding a projection anew while readers keep seeing its old rows.
//!
//! The fold runs over temporary tables that hide the real ones from its own connection: same code, same statements,
//! nobody else sees them, and whatever interrupts it leaves nothing behind. At the end one transaction holds the
//! checkpoint, folds what is missing, and replaces all rows; readers see the old rows until it commits, then the new.

use std::collections::HashSet;

use events::Position;
use events::causes::whole_chain;
use events::log::{ConnectError, Log, Page, ReadError};
use serde::Serialize;
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::Projection;
use crate::fold::place::{Place, Shard};
use crate::fold::{FoldError, fold};

/// Events per page of a rebuild.
const PAGE: usize = 512;
/// The runner's own tables, of which the fold uses shadows as well.
const FRAME: [&str; 2] = ["checkpoints", "parked"];

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Everything up to here is folded.
    pub done: Position,
    /// Where the log ended when this was reported.
    pub total: Position,
}

/// What a rebuild did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// The projection.
    pub projection: &'static str,
    /// Everything up to here was folded.
    pub position: Position,
    /// Events of the projection among them.
    pub events: u64,
    /// Rows it has now.
    pub rows: u64,
}

/// Why a projection was not rebuilt; its rows and its checkpoint are as before.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Another process is at it.
    #[error("{0} is being rebuilt already")]
    Busy(&'static str),
    /// The database refused or the connection broke.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event could not be folded.
    #[error("folding after position {after} failed: {reason}")]
    Fold {
        /// Everything up to here was folded.
        after: Position,
        /// What went wrong.
        reason: String,
    },
}

impl RebuildError {
    fn during(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }

    fn folding(after: Position) -> impl FnOnce(FoldError) -> Self {
        move |error| Self::Fold { after, reason: whole_chain(&error) }
    }
}

/// Folds `projection` from the start of the log and replaces its rows at once. Events that an operator discarded stay
/// discarded; what cannot be applied is parked as usual.
pub async fn rebuild<P: Projection>(
    projection: &P,
    log: &Log,
    progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let mut client = log.connector().connect().await?;
    take_lock(&client, P::NAME).await?;
    let rebuilt = rebuild_alone(projection, log, &mut client, progress).await;
    // The server notices the end of the connection a little later than the next rebuild may begin.
    let unlocked = client.batch_execute("select pg_advisory_unlock_all()").await;
    let rebuilt = rebuilt?;
    unlocked.map_err(RebuildError::during("giving the lock of a rebuild back"))?;
    Ok(rebuilt)
}

async fn rebuild_alone<P: Projection>(
    projection: &P,
    log: &Log,
    client: &mut Client,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let real = prepare::<P>(client).await?;
    let mut rebuild = Rebuild {
        projection,
        log,
        place: Place::start::<P>(Shard::WHOLE, log.epoch()),
        discarded: discarded::<P>(client, &real).await?,
        events: 0,
    };
    rebuild.place.create(client).await.map_err(RebuildError::during("creating a checkpoint"))?;
    let mut analyze_at = 1_u64;
    // A page that is not full has reached the head; what is written meanwhile is folded by the switch.
    while rebuild.step(client).await? == Step::More {
        progress(Progress { done: rebuild.place.position, total: log.known_head() });
        if rebuild.events >= analyze_at {
            // Nobody analyzes temporary tables by itself, and a plan for an empty table is a scan of a full one.
            analyze::<P>(client).await?;
            analyze_at = rebuild.events.saturating_mul(4);
        }
    }
    let rows = rebuild.switch(client, &real).await?;
    let position = rebuild.place.position;
    progress(Progress { done: position, total: position });
    Ok(Rebuilt { projection: P::NAME, position, events: rebuild.events, rows })
}

/// What a page of a rebuild reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There is more to fold.
    More,
    /// The log ended here when the page was read.
    AtHead,
}

struct Rebuild<'a, P> {
    projection: &'a P,
    log: &'a Log,
    place: Place,
    discarded: HashSet<i64>,
    events: u64,
}

impl<P: Projection> Rebuild<'_, P> {
    /// Folds the next page.
    async fn step<C: GenericClient + Send + Sync>(&mut self, client: &mut C) -> Result<Step, RebuildError> {
        let after = self.place.position;
        let mut page: Page = self.log.read(after, PAGE, &P::filter()).await?;
        let step = if page.events.len() < PAGE { Step::AtHead } else { Step::More };
        page.events.retain(|event| !self.discarded.contains(&event.position.0));
        self.events += u64::try_from(page.events.len()).unwrap_or(u64::MAX);
        fold(client, self.projection, &mut self.place, &page).await.map_err(RebuildError::folding(after))?;
        Ok(step)
    }

    /// Stops the worker between two pages, catches up with it, and replaces the rows.
    async fn switch(&mut self, client: &mut Client, real: &[String]) -> Result<u64, RebuildError> {
        let mut transaction =
            client.transaction().await.map_err(RebuildError::during("beginning to switch"))?;
        let worker = hold(&transaction, P::NAME, real).await?;
        while self.place.position < worker {
            let before = self.place.position;
            self.step(&mut transaction).await?;
            if self.place.position == before {
                // The checkpoint lies beyond the log: the log was cut back, and the rows with it.
                break;
            }
        }
        let rows = replace::<P>(&transaction, real).await?;
        for shard in Shard::all::<P>() {
            self.put_checkpoint(&transaction, shard, real).await?;
        }
        transaction.commit().await.map_err(RebuildError::during("committing the switch"))?;
        Ok(rows)
    }

    async fn put_checkpoint(
        &self,
        transaction: &Transaction<'_>,
        shard: Shard,
        real: &[String],
    ) -> Result<(), RebuildError> {
        let [checkpoints, _] = frame(real);
        let statement = include_str!("sql/rebuild/put_checkpoint.sql").replace("{checkpoints}", checkpoints);
        transaction
            .execute(&statement, &[&P::NAME, &P::GENERATION, &shard.number()])
            .await
            .map(drop)
            .map_err(RebuildError::during("moving the checkpoint"))
    }
}

/// Makes this connection the only one that rebuilds the projection.
async fn take_lock(client: &Client, name: &'static str) -> Result<(), RebuildError> {
    client
        .batch_execute(include_str!("sql/fold/session.sql"))
        .await
        .map_err(RebuildError::during("setting up a rebuild's connection"))?;
    let free: bool = client
        .query_one(include_str!("sql/rebuild/take_lock.sql"), &[&name])
        .await
        .map_err(RebuildError::during("taking the lock of a rebuild"))?
        .get(0);
    if free { Ok(()) } else { Err(RebuildError::Busy(name)) }
}

/// Hides the real tables behind empty temporary ones; answers with the real ones' qualified names: the frame's, then
/// the projection's.
async fn prepare<P: Projection>(client: &Client) -> Result<Vec<String>, RebuildError> {
    let names: Vec<&str> = FRAME.iter().chain(P::tables()).copied().collect();
    shadows(client, &names).await.map_err(RebuildError::during("creating temporary tables"))
}

/// Hides tables behind empty temporary ones of the same names; answers with the real ones' qualified names.
pub(crate) async fn shadows(client: &Client, names: &[&str]) -> Result<Vec<String>, tokio_postgres::Error> {
    let rows = client.query(include_str!("sql/rebuild/qualified.sql"), &[&names]).await?;
    let real: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for (name, real) in names.iter().zip(&real) {
        client.batch_execute(&format!("create temporary table {name} (like {real} including all)")).await?;
    }
    Ok(real)
}

fn frame(real: &[String]) -> [&str; 2] {
    [real.first(), real.get(1)].map(|name| name.map_or("", String::as_str))
}

async fn discarded<P: Projection>(client: &Client, real: &[String]) -> Result<HashSet<i64>, RebuildError> {
    let [_, parked] = frame(real);
    let statement = include_str!("sql/rebuild/discarded.sql").replace("{parked}", parked);
    let rows = client
        .query(&statement, &[&P::NAME, &P::GENERATION])
        .await
        .map_err(RebuildError::during("reading discarded events"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn analyze<P: Projection>(client: &Client) -> Result<(), RebuildError> {
    let statement = format!("analyze {}", P::tables().join(", "));
    client.batch_execute(&statement).await.map_err(RebuildError::during("analyzing temporary tables"))
}

/// Holds the projection's checkpoints; answers with how far its fastest worker has read.
async fn hold(transaction: &Transaction<'_>, name: &str, real: &[String]) -> Result<Position, RebuildError> {
    let [checkpoints, _] = frame(real);
    let statement = include_str!("sql/rebuild/hold.sql").replace("{checkpoints}", checkpoints);
    let rows = transaction
        .query(&statement, &[&name])
        .await
        .map_err(RebuildError::during("holding the checkpoint"))?;
    Ok(rows.iter().map(|row| Position(row.get(0))).max().unwrap_or_default())
}

/// Replaces the rows of the real tables by those of the temporary ones.
async fn replace<P: Projection>(transaction: &Transaction<'_>, real: &[String]) -> Result<u64, RebuildError> {
    let mut rows = 0;
    let tables: Vec<(&&str, &String)> = P::tables().iter().zip(real.iter().skip(FRAME.len())).collect();
    for (_, real) in tables.iter().rev() {
        let statement = format!("delete from {real}");
        transaction.batch_execute(&statement).await.map_err(RebuildError::during("removing old rows"))?;
    }
    for (name, real) in &tables {
        let statement = format!("insert into {real} select * from pg_temp.{name}");
        let inserted = transaction.execute(&statement, &[]).await;
        rows += inserted.map_err(RebuildError::during("inserting new rows"))?;
    }
    let [checkpoints, parked] = frame(real);
    for statement in [
        include_str!("sql/rebuild/drop_parked.sql"),
        include_str!("sql/rebuild/put_parked.sql"),
        include_str!("sql/rebuild/drop_generations.sql"),
    ] {
        let statement = statement.replace("{parked}", parked).replace("{checkpoints}", checkpoints);
        transaction
            .execute(&statement, &[&P::NAME, &P::GENERATION])
            .await
            .map_err(RebuildError::during("replacing parked events"))?;
    }
    Ok(rows)
}
