//! What the handlers need of the application.

use std::sync::Arc;

use deadpool_postgres::Object;
use events::log::Log;
use projections::View;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::analytics::KeptAnswers;
use super::aside;
use super::caller::Caller;
use super::error::ApiError;
use super::quotes::QuoteBoard;
use super::rate::RateLimits;
use crate::app::App;
use crate::config::HttpConfig;
use crate::telemetry::Metrics;

/// Event streams that one process keeps open at once.
pub const STREAMS_MAX: usize = 1_000;

/// What the API is made of.
pub struct Parts {
    /// The application.
    pub app: App,
    /// The bus, to ask whether it is there.
    pub nats: async_nats::Client,
    /// The latest quotes.
    pub quotes: Arc<dyn QuoteBoard>,
}

/// A handle to what the handlers need; cheap to clone.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    streams: Arc<Semaphore>,
    aside: Arc<Semaphore>,
    analytics: KeptAnswers,
    rates: RateLimits,
    metrics: Metrics,
    stopping: CancellationToken,
}

impl Api {
    /// Of its parts.
    pub fn new(parts: Parts) -> Self {
        let inner = Inner {
            rates: RateLimits::new(&parts.app.config.http.rates),
            metrics: Metrics::default(),
            parts,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            aside: Arc::new(Semaphore::new(aside::AT_ONCE)),
            analytics: KeptAnswers::default(),
            stopping: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The application.
    pub fn app(&self) -> &App {
        &self.inner.parts.app
    }

    /// The limits of the door.
    pub fn config(&self) -> &HttpConfig {
        &self.app().config.http
    }

    /// The event log.
    pub fn log(&self) -> &Log {
        &self.app().log
    }

    /// The bus.
    pub fn nats(&self) -> &async_nats::Client {
        &self.inner.parts.nats
    }

    /// The latest quotes.
    pub fn quotes(&self) -> &dyn QuoteBoard {
        &*self.inner.parts.quotes
    }

    /// The read models as the caller may see them.
    pub async fn view(&self, caller: &Caller) -> Result<View, ApiError> {
        Ok(caller.look(&self.app().reads).await?)
    }

    /// A connection for what belongs to nobody: prices, and the state of the read models themselves.
    pub async fn shared(&self) -> Result<Object, ApiError> {
        Ok(self.app().reads.get().await?)
    }

    /// The places of open event streams.
    pub(super) fn streams(&self) -> &Arc<Semaphore> {
        &self.inner.streams
    }

    /// The answers of analytics that were computed lately.
    pub(super) fn analytics(&self) -> &KeptAnswers {
        &self.inner.analytics
    }

    /// The turns of work that computes for long.
    pub(super) fn turns_aside(&self) -> &Arc<Semaphore> {
        &self.inner.aside
    }

    /// How much each client has asked.
    pub fn rates(&self) -> &RateLimits {
        &self.inner.rates
    }

    /// What the door counts.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Cancelled when the server stops taking requests: event streams end then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Api").finish_non_exhaustive()
    }
}
