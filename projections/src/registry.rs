//! The projections of an application by name, and what can be done with each: run it, fold it anew, retry or discard
//! what it parked.

use std::sync::Arc;

use events::log::Log;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use crate::parked::{self, ParkedError, Retried, Selection};
use crate::rebuild::{self, Progress, RebuildError, Rebuilt};
use crate::runner::{self, RunnerOptions, RunningProjections};
use crate::{Projection, Watermarks};

/// The projections of an application, by name.
#[derive(Clone, Default)]
pub struct Projections {
    all: Vec<Arc<dyn Registered>>,
}

impl std::fmt::Debug for Projections {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Projections").field(&self.names()).finish()
    }
}

/// No projection has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no projection is named {0}")]
pub struct UnknownProjection(pub String);

impl Projections {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// All read models of this package.
    pub fn standard() -> Self {
        Self::none()
            .with(crate::streams::Streams)
            .with(crate::models::Models)
            .with(crate::runs::Runs)
            .with(crate::ledger::Ledger)
            .with(crate::equity::Equity)
            .with(crate::leaderboard::Leaderboard)
            .with(crate::accounts::Accounts)
            .with(crate::invitations::Invitations)
            .with(crate::admin_acts::AdminActs)
            .with(crate::portfolios::Portfolios)
            .with(crate::tags::Tags)
            .with(crate::snapshots::Snapshots)
    }

    /// These and one more.
    #[must_use]
    pub fn with<P: Projection>(mut self, projection: P) -> Self {
        self.all.push(Arc::new(Of(Arc::new(projection))));
        self
    }

    /// Their names, in the order in which they were added.
    pub fn names(&self) -> Vec<&'static str> {
        self.all.iter().map(|projection| projection.name()).collect()
    }

    /// Starts a worker for each shard of each projection.
    pub fn start(&self, log: &Log, watermarks: &Watermarks, options: &RunnerOptions) -> RunningProjections {
        let workers = self.all.iter().flat_map(|projection| projection.start(log, watermarks, options));
        RunningProjections::new(workers.collect())
    }

    /// Folds one projection anew while readers keep seeing its old rows.
    pub async fn rebuild(
        &self,
        name: &str,
        log: &Log,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Rebuilt, VerbError> {
        Ok(self.named(name)?.rebuild(log, progress).await?)
    }

    /// Tries parked events of one projection again, each stream in order.
    pub async fn retry(
        &self,
        name: &str,
        log: &Log,
        selection: &Selection,
        by: &str,
    ) -> Result<Retried, VerbError> {
        Ok(self.named(name)?.retry(log, selection, by).await?)
    }

    /// Gives up parked events of one projection, for a reason; what waits behind them in their streams is then tried.
    pub async fn discard(
        &self,
        name: &str,
        log: &Log,
        selection: &Selection,
        reason: &str,
        by: &str,
    ) -> Result<Retried, VerbError> {
        Ok(self.named(name)?.discard(log, selection, reason, by).await?)
    }

    fn named(&self, name: &str) -> Result<&dyn Registered, UnknownProjection> {
        let found = self.all.iter().find(|projection| projection.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| UnknownProjection(name.to_owned()))
    }
}

/// Why a verb on a projection was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    /// No projection has this name.
    #[error(transparent)]
    Unknown(#[from] UnknownProjection),
    /// It could not be rebuilt.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// Its parked events could not be handled.
    #[error(transparent)]
    Parked(#[from] ParkedError),
}

/// A projection without its type.
trait Registered: Send + Sync {
    fn name(&self) -> &'static str;

    fn start(&self, log: &Log, watermarks: &Watermarks, options: &RunnerOptions) -> Vec<JoinHandle<()>>;

    fn rebuild<'a>(
        &'a self,
        log: &'a Log,
        progress: &'a mut (dyn FnMut(Progress) + Send),
    ) -> BoxFuture<'a, Result<Rebuilt, RebuildError>>;

    fn retry<'a>(
        &'a self,
        log: &'a Log,
        selection: &'a Selection,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Retried, ParkedError>>;

    fn discard<'a>(
        &'a self,
        log: &'a Log,
        selection: &'a Selection,
        reason: &'a str,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Retried, ParkedError>>;
}

struct Of<P>(Arc<P>);

impl<P: Projection> Registered for Of<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn start(&self, log: &Log, watermarks: &Watermarks, options: &RunnerOptions) -> Vec<JoinHandle<()>> {
        runner::start(&self.0, log, watermarks, options)
    }

    fn rebuild<'a>(
        &'a self,
        log: &'a Log,
        progress: &'a mut (dyn FnMut(Progress) + Send),
    ) -> BoxFuture<'a, Result<Rebuilt, RebuildError>> {
        Box::pin(rebuild::rebuild(self.0.as_ref(), log, progress))
    }

    fn retry<'a>(
        &'a self,
        log: &'a Log,
        selection: &'a Selection,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Retried, ParkedError>> {
        Box::pin(parked::retry(self.0.as_ref(), log, selection, by))
    }

    fn discard<'a>(
        &'a self,
        log: &'a Log,
        selection: &'a Selection,
        reason: &'a str,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Retried, ParkedError>> {
        Box::pin(parked::discard(self.0.as_ref(), log, selection, reason, by))
    }
}
