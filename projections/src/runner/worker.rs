//! The worker of one shard: owns it by a lock of its connection, follows the log, folds page after page.

use std::sync::Arc;
use std::time::Duration;

use events::Position;
use events::causes::whole_chain;
use events::log::{ConnectError, Cursor, Log, Page, ReadError, SubscribeError, Subscription};
use tokio::time::Instant;
use tokio_postgres::Client;
use tracing::Instrument;

use super::RunnerOptions;
use crate::database::is_transient;
use crate::fold::checkpoint::Trouble;
use crate::fold::place::{Place, Shard};
use crate::fold::{FoldError, fold};
use crate::rebuild::{RebuildError, rebuild};
use crate::{Projection, Watermarks};

/// How often a process without the lock asks for it, and how often a stopped shard looks whether it may go on:
/// a dead owner's successor starts within this plus the time in which the server notices the death.
const RECHECK: Duration = Duration::from_secs(1);
/// First pause after a transient failure; doubles up to [`RETRY_PAUSE_MAX`].
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);
/// A checkpoint that moved only past others' events is written this much later, once for all of them.
const IDLE_ADVANCE: Duration = Duration::from_millis(200);

/// The worker of one shard.
pub(super) struct Worker<P> {
    pub(super) projection: Arc<P>,
    pub(super) log: Log,
    pub(super) watermarks: Watermarks,
    pub(super) options: RunnerOptions,
    pub(super) shard: Shard,
}

/// Why a session of a worker ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    /// Another process owns the shard, or an operator stopped it.
    #[error("nothing to do for now")]
    Idle,
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("{0} failed")]
    Database(&'static str, #[source] tokio_postgres::Error),
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error(transparent)]
    Rebuild(#[from] Box<RebuildError>),
}

/// What to do about the end of a session.
enum Verdict {
    /// Look again after a while.
    Again(Duration),
    /// Try again, slower each time.
    Retry(&'static str),
    /// Only an operator can decide.
    Halt(&'static str, Option<Position>),
}

impl<P: Projection> Worker<P> {
    /// Works until the task is aborted.
    pub(super) async fn run(self) {
        let mut pause = RETRY_PAUSE_MIN;
        let mut reported = "";
        loop {
            let mut progressed = false;
            let Err(ended) = self.session(&mut progressed).await;
            if progressed {
                (pause, reported) = (RETRY_PAUSE_MIN, "");
            }
            match ended.verdict() {
                Verdict::Again(after) => tokio::time::sleep(after).await,
                Verdict::Retry(class) => {
                    if reported != class {
                        self.report("retrying", class, None, &ended).await;
                        reported = class;
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_PAUSE_MAX);
                }
                Verdict::Halt(class, position) => {
                    self.report("halted", class, position, &ended).await;
                    tokio::time::sleep(RECHECK).await;
                }
            }
        }
    }

    /// From taking the lock to the first trouble.
    async fn session(&self, progressed: &mut bool) -> Result<std::convert::Infallible, Ended> {
        let (mut client, mut place, cursor) = self.take_over().await?;
        let mut subscription = self.log.resume(cursor, P::filter(), self.options.page).await?;
        self.watermarks.reset(P::NAME, self.shard, place.position);
        tracing::info!(
            projection = P::NAME,
            shard = self.shard.number(),
            position = place.position.0,
            "Folding {} from position {}",
            P::NAME,
            place.position
        );
        let mut passed = Passed::default();
        loop {
            let page = passed.next(&mut subscription).await?;
            if page.events.is_empty() && passed.may_wait(&page) {
                // Nothing of this projection is in there: its rows are those of this position already.
                self.watermarks.advance(P::NAME, self.shard, page.scanned_to);
                continue;
            }
            let span = tracing::debug_span!(
                "fold",
                projection = P::NAME,
                after = place.position.0,
                to = page.scanned_to.0,
                events = page.events.len()
            );
            fold(&mut client, self.projection.as_ref(), &mut place, &page).instrument(span).await?;
            passed = Passed::default();
            self.watermarks.advance(P::NAME, self.shard, place.position);
            *progressed = true;
        }
    }

    /// A connection that owns the shard, and where the shard stands.
    async fn take_over(&self) -> Result<(Client, Place, Cursor), Ended> {
        let database = |operation| move |source| Ended::Database(operation, source);
        let client = self.log.connector().connect().await?;
        client
            .batch_execute(include_str!("../sql/fold/session.sql"))
            .await
            .map_err(database("setting up a worker's connection"))?;
        let mut place = Place::start::<P>(self.shard, self.log.epoch());
        let owned = place.take_lock(&client).await.map_err(database("asking for the lock of a shard"))?;
        if !owned {
            return Err(Ended::Idle);
        }
        match place.newest_generation(&client).await.map_err(database("reading the newest generation"))? {
            // Newer code is at work elsewhere; its tables are not for this fold.
            Some(newest) if newest > P::GENERATION => return Err(Ended::Idle),
            Some(newest) if newest < P::GENERATION => {
                tracing::info!(
                    projection = P::NAME,
                    "Folding {} anew for generation {}",
                    P::NAME,
                    P::GENERATION
                );
                rebuild(self.projection.as_ref(), &self.log, |_| {}).await.map_err(Box::new)?;
            }
            Some(_) | None => {}
        }
        place.create(&client).await.map_err(database("creating a checkpoint"))?;
        let stored = place.load(&client).await.map_err(database("reading a checkpoint"))?;
        let Some(stored) = stored.filter(|stored| !stored.stopped) else { return Err(Ended::Idle) };
        let mut cursor = stored.cursor;
        if cursor.position == Position::START && cursor.epoch != self.log.epoch() {
            place.adopt_epoch(&client).await.map_err(database("adopting the epoch of the log"))?;
            cursor.epoch = self.log.epoch();
        }
        let owner = &self.options.owner;
        place.claim(&client, owner).await.map_err(database("noting the owner of a shard"))?;
        place.epoch = cursor.epoch;
        place.position = cursor.position;
        Ok((client, place, cursor))
    }

    async fn report(
        &self,
        status: &'static str,
        class: &'static str,
        position: Option<Position>,
        ended: &Ended,
    ) {
        let text = whole_chain(ended);
        tracing::error!(
            projection = P::NAME,
            shard = self.shard.number(),
            error = %text,
            "Projection {} is {status}: {text}", P::NAME
        );
        let place = Place::start::<P>(self.shard, self.log.epoch());
        let trouble = Trouble { status, class, position, text };
        // Where the database is what fails, the log line above is all that can be done.
        if let Ok(client) = self.log.connector().connect().await {
            let _ = place.report(&client, &trouble).await;
        }
    }
}

impl Ended {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Idle => Verdict::Again(RECHECK),
            Self::Fold(FoldError::Fenced) => Verdict::Again(RETRY_PAUSE_MIN),
            Self::Fold(FoldError::Poison { position, .. }) => Verdict::Halt("poison", Some(*position)),
            Self::Subscribe(SubscribeError::LogForked { remembered, .. }) => {
                Verdict::Halt("log_forked", Some(*remembered))
            }
            Self::Read(ReadError::Corrupt { position, .. })
            | Self::Subscribe(SubscribeError::Read(ReadError::Corrupt { position, .. })) => {
                Verdict::Halt("corrupt", Some(*position))
            }
            Self::Fold(FoldError::Apply(error)) => Verdict::Retry(error.class()),
            Self::Fold(FoldError::Frame { source, .. }) | Self::Database(_, source) => {
                Verdict::Retry(if is_transient(source) { "transient" } else { "database" })
            }
            Self::Rebuild(_) => Verdict::Retry("rebuild"),
            Self::Connect(_) | Self::Subscribe(_) | Self::Read(_) => Verdict::Retry("transient"),
        }
    }
}

/// Positions passed over without an event of the projection, not yet in its checkpoint.
#[derive(Debug, Default)]
struct Passed {
    since: Option<Instant>,
    to: Option<Position>,
}

impl Passed {
    /// The next page; an empty one when the checkpoint has waited long enough.
    async fn next(&self, subscription: &mut Subscription) -> Result<Page, ReadError> {
        let (Some(since), Some(to)) = (self.since, self.to) else { return subscription.next().await };
        match tokio::time::timeout_at(since + IDLE_ADVANCE, subscription.next()).await {
            Ok(page) => page,
            Err(_) => Ok(Page { events: Vec::new(), scanned_to: to }),
        }
    }

    /// Whether the checkpoint may be written later; notes the page if so.
    fn may_wait(&mut self, page: &Page) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        self.to = Some(page.scanned_to);
        since.elapsed() < IDLE_ADVANCE
    }
}
