//! Folding a stream into its aggregate: from the snapshot or from the start, now or as of any point.

use jiff::Timestamp;
use serde::Serialize;

use super::snapshots::{Stored, fold_id};
use super::{Log, ReadError};
use crate::codec::DecodeError;
use crate::decider::Kept;
use crate::{CommandId, Position, Recorded, StreamName, StreamTip, Version};

/// Events read at once while folding.
const PAGE: usize = 5_000;

/// An aggregate folded from its stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded<A> {
    /// The state.
    pub state: A,
    /// The end of what was folded.
    pub tip: StreamTip,
    /// Position of the last event folded.
    pub position: Position,
    /// Events folded after the snapshot.
    pub folded: usize,
    /// Version of the snapshot it started from; 0 without one.
    pub snapshot: Version,
    /// The commands of the events folded, oldest first, with the position of their first event.
    pub commands: Vec<(CommandId, Position)>,
}

/// Why an aggregate could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event of the stream is not readable by this code.
    #[error("event {version} of stream {stream} cannot be decoded")]
    Decode {
        /// The stream.
        stream: StreamName,
        /// The event.
        version: Version,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// Versions of the stream have a hole: an event is missing from the database.
    #[error("stream {stream} has no event {missing}")]
    Hole {
        /// The stream.
        stream: StreamName,
        /// The first missing version.
        missing: Version,
    },
}

/// A point in the history of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AsOf {
    /// Everything up to and including this position.
    Position(Position),
    /// What the log had recorded by this instant.
    RecordedAt(Timestamp),
    /// What had happened in the market by this instant, as known today.
    OccurredAt(Timestamp),
}

impl AsOf {
    /// Whether `event` belongs to the history seen from this point.
    pub fn includes(self, event: &Recorded) -> bool {
        match self {
            Self::Position(position) => event.position <= position,
            Self::RecordedAt(instant) => event.recorded_at <= instant,
            Self::OccurredAt(instant) => event.occurred_at.unwrap_or(event.recorded_at) <= instant,
        }
    }
}

impl<A: Kept> Loaded<A> {
    fn empty() -> Self {
        Self {
            state: A::default(),
            tip: StreamTip::EMPTY,
            position: Position::START,
            folded: 0,
            snapshot: Version::NONE,
            commands: Vec::new(),
        }
    }

    fn from_snapshot(stored: &Stored) -> Option<Self> {
        let state = stored.decode()?;
        Some(Self {
            state,
            tip: stored.tip,
            position: stored.position,
            snapshot: stored.tip.version,
            ..Self::empty()
        })
    }

    fn fold(&mut self, event: &Recorded) -> Result<(), LoadError> {
        let decoded = event.decode::<A::Event>().map_err(|source| LoadError::Decode {
            stream: event.stream.clone(),
            version: event.version,
            source,
        })?;
        for fact in decoded {
            self.state.apply(fact);
        }
        if self.commands.last().is_none_or(|(command, _)| *command != event.command_id) {
            self.commands.push((event.command_id, event.position));
        }
        self.tip = StreamTip { version: event.version, hash: event.hash };
        self.position = event.position;
        self.folded += 1;
        Ok(())
    }

    fn fold_next(&mut self, event: &Recorded) -> Result<(), LoadError> {
        let next = Version(self.tip.version.0 + 1);
        if event.version != next {
            return Err(LoadError::Hole { stream: event.stream.clone(), missing: next });
        }
        self.fold(event)
    }
}

impl Log {
    /// The aggregate of `stream`, from its snapshot where there is a usable one: one round trip when the
    /// events after it fit a page.
    pub async fn load<A: Kept>(&self, stream: &StreamName) -> Result<Loaded<A>, LoadError> {
        let client = self.reader().await?;
        let statement = client
            .prepare_cached(include_str!("sql/load.sql"))
            .await
            .map_err(ReadError::database("preparing the load of a stream"))?;
        let (tenant, category, key) = (stream.tenant().0, stream.category(), stream.key());
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let mut rows = client
            .query(&statement, &[&tenant, &category, &key, &fold_id::<A>(), &limit])
            .await
            .map_err(ReadError::database("loading a stream"))?;
        let Some(found) = rows.first() else { return Ok(Loaded::empty()) };
        let tip = Version(found.get("stream_version"));
        let usable = Self::stored_snapshot(found).and_then(|stored| Loaded::from_snapshot(&stored));
        // Its name needs no asking: that would be a second round trip.
        self.inner.names.put([(found.get("stream_no"), stream.clone())]);
        // Where nothing follows the snapshot there is a row all the same.
        rows.retain(|row| row.get::<_, Option<i64>>("version").is_some());
        let events = self.recorded(&client, rows).await?;
        drop(client);
        let fits = |loaded: &Loaded<A>| match events.first() {
            Some(event) => event.version.0 == loaded.tip.version.0 + 1,
            None => loaded.tip.version == tip,
        };
        let Some(mut loaded) = usable.filter(fits).or_else(|| Some(Loaded::empty()).filter(fits)) else {
            tracing::warn!(stream = %stream, "The snapshot of {stream} is not usable; folding its events again");
            return self.load_from_start(stream, |_| true).await;
        };
        for event in &events {
            loaded.fold_next(event)?;
        }
        if events.len() < PAGE {
            return Ok(loaded);
        }
        self.fold_rest(stream, loaded, |_| true).await
    }

    /// The aggregate of `stream` folded from its first event, ignoring snapshots.
    pub async fn load_afresh<A: Kept>(&self, stream: &StreamName) -> Result<Loaded<A>, LoadError> {
        self.load_from_start(stream, |_| true).await
    }

    /// The aggregate of `stream` as it was: only events that `point` includes are folded (EL-73).
    pub async fn load_as_of<A: Kept>(
        &self,
        stream: &StreamName,
        point: AsOf,
    ) -> Result<Loaded<A>, LoadError> {
        self.load_from_start(stream, |event| point.includes(event)).await
    }

    async fn load_from_start<A: Kept>(
        &self,
        stream: &StreamName,
        wanted: impl Fn(&Recorded) -> bool,
    ) -> Result<Loaded<A>, LoadError> {
        self.fold_rest(stream, Loaded::empty(), wanted).await
    }

    async fn fold_rest<A: Kept>(
        &self,
        stream: &StreamName,
        mut loaded: Loaded<A>,
        wanted: impl Fn(&Recorded) -> bool,
    ) -> Result<Loaded<A>, LoadError> {
        let mut read = loaded.tip.version;
        loop {
            let events = self.read_stream(stream, read, PAGE).await?;
            for event in &events {
                let next = Version(read.0 + 1);
                if event.version != next {
                    return Err(LoadError::Hole { stream: stream.clone(), missing: next });
                }
                read = event.version;
                if wanted(event) {
                    loaded.fold(event)?;
                }
            }
            if events.len() < PAGE {
                return Ok(loaded);
            }
        }
    }
}
