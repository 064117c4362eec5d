//! Replaying the log: every event in order, copied out of the database in binary form.

use std::pin::pin;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use deadpool_postgres::Object;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio_postgres::CopyOutStream;
use uuid::Uuid;

use super::{Log, ReadError};
use crate::codec::Codec;
use crate::{ChainHash, CommandId, Position, Recorded, StreamName, Version};

impl Log {
    /// Every event after `after` up to the present head, handed to `each` in order without keeping them.
    /// Ends in an error when fewer came than the log holds, never in a short success (EL-116).
    ///
    /// The payload of an event shares its memory with its neighbours: whoever keeps a few of many should copy them.
    pub async fn replay<F>(&self, after: Position, each: F) -> Result<Position, ReadError>
    where
        F: FnMut(Recorded) -> Result<(), ReadError>,
    {
        let head = self.head().await?.max(after);
        let client = self.reader().await?;
        self.learn_all_names(&client).await?;
        let statement = include_str!("sql/replay.sql")
            .replace("AFTER", &after.0.to_string())
            .replace("UNTIL", &head.0.to_string());
        let replayed = match client.copy_out(&statement).await {
            Ok(copied) => self.follow(copied, after, head, each).await,
            Err(source) => Err(copying(source)),
        };
        if replayed.is_err() {
            // Its connection would go on sending the rest of the log: nobody else is to wait for that.
            drop(Object::take(client));
        }
        replayed
    }

    async fn follow<F>(
        &self,
        copied: CopyOutStream,
        after: Position,
        head: Position,
        mut each: F,
    ) -> Result<Position, ReadError>
    where
        F: FnMut(Recorded) -> Result<(), ReadError>,
    {
        let mut rows = pin!(copied);
        let mut names = LastNames::default();
        let mut reached = after;
        let mut ended = false;
        let mut begun = false;
        while let Some(mut data) = rows.try_next().await.map_err(copying)? {
            if !begun {
                begun = true;
                skip_header(&mut data).ok_or_else(|| malformed(reached))?;
            }
            while data.has_remaining() {
                let Some(row) = CopiedRow::read(&mut data).ok_or_else(|| malformed(reached))? else {
                    ended = true;
                    break;
                };
                let (stream, event_type) = names.of(self, &row).await?;
                let event = row.recorded(stream, event_type)?;
                if event.position.0 != reached.0 + 1 {
                    return Err(ReadError::Interrupted { reached, expected: head });
                }
                reached = event.position;
                each(event)?;
            }
        }
        if reached != head || !ended {
            return Err(ReadError::Interrupted { reached, expected: head });
        }
        Ok(reached)
    }
}

fn copying(source: tokio_postgres::Error) -> ReadError {
    ReadError::Database { operation: "replaying the log", source }
}

fn malformed(after: Position) -> ReadError {
    let reason = "the database sent it in a form that is not known".to_owned();
    ReadError::Corrupt { position: Position(after.0 + 1), reason }
}

/// The names of the last row: the next one often has the same.
#[derive(Default)]
struct LastNames {
    stream: Option<(i64, StreamName)>,
    event_type: Option<(i32, Arc<str>)>,
}

impl LastNames {
    async fn of(&mut self, log: &Log, row: &CopiedRow) -> Result<(StreamName, Arc<str>), ReadError> {
        let stream = match &self.stream {
            Some((number, stream)) if *number == row.stream_no => stream.clone(),
            _ => self.stream.insert((row.stream_no, row.stream(log).await?)).1.clone(),
        };
        let event_type = match &self.event_type {
            Some((number, name)) if *number == row.type_id => name.clone(),
            _ => self.event_type.insert((row.type_id, row.event_type(log).await?)).1.clone(),
        };
        Ok((stream, event_type))
    }
}

/// One row of `replay.sql`, in the order of its columns.
struct CopiedRow {
    position: i64,
    stream_no: i64,
    version: i64,
    recorded_at: Timestamp,
    occurred_at: Option<Timestamp>,
    command_id: Uuid,
    correlation_id: Option<Uuid>,
    causation: Option<i64>,
    type_id: i32,
    schema_version: i16,
    codec: i16,
    hash: ChainHash,
    meta: Option<Bytes>,
    payload: Bytes,
}

impl CopiedRow {
    const COLUMNS: i16 = 14;

    /// The next row of `data`; `Some(None)` at the end of the copy, `None` where it is not such a row.
    fn read(data: &mut Bytes) -> Option<Option<Self>> {
        const END: i16 = -1;
        match data.try_get_i16().ok()? {
            END => return Some(None),
            Self::COLUMNS => {}
            _ => return None,
        }
        Some(Some(Self {
            position: int8(data)??,
            stream_no: int8(data)??,
            version: int8(data)??,
            recorded_at: instant(data)??,
            occurred_at: instant(data)?,
            command_id: uuid(data)??,
            correlation_id: uuid(data)?,
            causation: int8(data)?,
            type_id: i32::from_be_bytes(fixed(data)??),
            schema_version: int2(data)??,
            codec: int2(data)??,
            hash: ChainHash(fixed(data)??),
            meta: field(data)?,
            payload: field(data)??,
        }))
    }

    async fn stream(&self, log: &Log) -> Result<StreamName, ReadError> {
        match log.inner.names.get(self.stream_no) {
            Some(known) => Ok(known),
            None => {
                log.learn(&log.reader().await?, vec![self.stream_no], Vec::new()).await?;
                log.inner.names.get(self.stream_no).ok_or_else(|| self.unregistered())
            }
        }
    }

    async fn event_type(&self, log: &Log) -> Result<Arc<str>, ReadError> {
        match log.inner.types.known_name(self.type_id) {
            Some(known) => Ok(known),
            None => {
                log.learn(&log.reader().await?, Vec::new(), vec![self.type_id]).await?;
                log.inner.types.known_name(self.type_id).ok_or_else(|| self.unregistered())
            }
        }
    }

    fn unregistered(&self) -> ReadError {
        self.corrupt("its stream or type is not registered")
    }

    fn corrupt(&self, reason: &str) -> ReadError {
        ReadError::Corrupt { position: Position(self.position), reason: reason.to_owned() }
    }

    fn recorded(self, stream: StreamName, event_type: Arc<str>) -> Result<Recorded, ReadError> {
        let codec = Codec::from_number(self.codec).ok_or_else(|| self.corrupt("its codec is unknown"))?;
        Ok(Recorded {
            position: Position(self.position),
            stream,
            version: Version(self.version),
            recorded_at: self.recorded_at,
            occurred_at: self.occurred_at,
            command_id: CommandId::from_uuid(self.command_id),
            correlation_id: self.correlation_id,
            causation: self.causation.map(Position),
            event_type,
            schema_version: u16::try_from(self.schema_version).unwrap_or_default(),
            codec,
            hash: self.hash,
            meta: self.meta,
            payload: self.payload,
        })
    }
}

/// The length of a field that is null.
const NULL: i32 = -1;

/// Signature, flags and extension of a binary copy.
fn skip_header(data: &mut Bytes) -> Option<()> {
    const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
    if !data.starts_with(SIGNATURE) {
        return None;
    }
    data.advance(SIGNATURE.len());
    let _flags = data.try_get_i32().ok()?;
    let extension = usize::try_from(data.try_get_i32().ok()?).ok()?;
    (extension <= data.len()).then(|| data.advance(extension))
}

/// The next field, where it is not of a fixed size; `Some(None)` for null.
fn field(data: &mut Bytes) -> Option<Option<Bytes>> {
    match data.try_get_i32().ok()? {
        NULL => Some(None),
        length => {
            let length = usize::try_from(length).ok().filter(|length| *length <= data.len())?;
            Some(Some(data.split_to(length)))
        }
    }
}

/// The next field, where it has `N` bytes; `Some(None)` for null.
fn fixed<const N: usize>(data: &mut Bytes) -> Option<Option<[u8; N]>> {
    match data.try_get_i32().ok()? {
        NULL => Some(None),
        length if usize::try_from(length) == Ok(N) => {
            let mut bytes = [0; N];
            data.try_copy_to_slice(&mut bytes).ok()?;
            Some(Some(bytes))
        }
        _ => None,
    }
}

fn int8(data: &mut Bytes) -> Option<Option<i64>> {
    Some(fixed(data)?.map(i64::from_be_bytes))
}

fn int2(data: &mut Bytes) -> Option<Option<i16>> {
    Some(fixed(data)?.map(i16::from_be_bytes))
}

fn uuid(data: &mut Bytes) -> Option<Option<Uuid>> {
    Some(fixed(data)?.map(Uuid::from_bytes))
}

/// Microseconds since the year 2000 (UTC).
fn instant(data: &mut Bytes) -> Option<Option<Timestamp>> {
    const YEAR_2000_US: i64 = 946_684_800_000_000;
    match int8(data)? {
        None => Some(None),
        Some(since) => Timestamp::from_microsecond(since.checked_add(YEAR_2000_US)?).ok().map(Some),
    }
}
