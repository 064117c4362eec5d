//! What a read model is to the runner.

use std::fmt;
use std::future::Future;

use events::log::Filter;
use events::{DecodeError, Recorded};
use tokio_postgres::Transaction;

use crate::database::is_transient;

/// A fold of the log into tables.
///
/// A projection has no memory of its own: what it knows is in its tables, so that any process can go on from the last
/// commit. It writes nothing but its own tables, named without schema: a rebuild runs the same fold over temporary
/// tables of the same names.
pub trait Projection: Send + Sync + 'static {
    /// Its name, as shown to operators.
    const NAME: &'static str;
    /// Raised whenever the fold or its tables change: a new generation is folded from the start.
    const GENERATION: i32;
    /// How many workers share its streams; each stream belongs to one of them.
    const SHARDS: u16 = 1;
    /// What becomes of an event that cannot be applied.
    const ON_POISON: OnPoison = OnPoison::ParkItsStream;

    /// Which events it wants; the same on every call.
    fn filter() -> Filter;

    /// The tables it owns, all of them, an owner of foreign keys after what it refers to.
    fn tables() -> &'static [&'static str];

    /// Folds `events` into the tables. Must not look at clock, chance or other projections' tables: folding the same
    /// log anew gives equal rows.
    fn apply(
        &self,
        transaction: &Transaction<'_>,
        events: &[Recorded],
    ) -> impl Future<Output = Result<(), ProjectionError>> + Send;
}

/// What becomes of an event that cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPoison {
    /// It waits with all later events of its stream until an operator decides; the other streams flow on.
    ParkItsStream,
    /// The projection stops there: its rows depend on the order between streams.
    Halt,
}

/// Why events were not applied.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database refused or the connection broke.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A stored event cannot be read by this code.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The event contradicts what the tables say.
    #[error("{reason}")]
    Contradiction {
        /// How.
        reason: String,
    },
}

impl ProjectionError {
    /// Wraps a database error with the operation that met it.
    pub fn during(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }

    /// An event that contradicts the tables.
    pub fn contradiction(reason: impl Into<String>) -> Self {
        Self::Contradiction { reason: reason.into() }
    }

    /// Whether trying again can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database { source, .. } => is_transient(source),
            Self::Decode(_) | Self::Contradiction { .. } => false,
        }
    }

    /// The kind of error, stable, as shown to operators.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Database { source, .. } if is_transient(source) => "transient",
            Self::Database { .. } => "database",
            Self::Decode(_) => "decode",
            Self::Contradiction { .. } => "contradiction",
        }
    }
}

/// The aggregate of an event, from the key of its stream.
pub(crate) fn key_of<K: std::str::FromStr<Err: fmt::Display>>(
    recorded: &Recorded,
) -> Result<K, ProjectionError> {
    let key = recorded.stream.key();
    key.parse().map_err(|error| {
        ProjectionError::contradiction(format!("the key of stream {} is not valid: {error}", recorded.stream))
    })
}

/// An event that changed nothing speaks of something that was never created.
pub(crate) fn expect_row(changed: u64, recorded: &Recorded) -> Result<(), ProjectionError> {
    if changed == 1 {
        return Ok(());
    }
    let (kind, stream) = (&recorded.event_type, &recorded.stream);
    Err(ProjectionError::contradiction(format!("{kind} changed {changed} rows of {stream}, not one")))
}
