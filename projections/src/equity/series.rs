//! Reading an equity series: a page, or all of it chunk by chunk.

use std::fmt;
use std::str::FromStr;

use events::{Cash, RunId};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tokio_postgres::Row;

use crate::database::{Columns, QueryError};
use crate::page::{InvalidCursor, Page, decode, encode};
use crate::reader::Reader;

/// The account at the close of one bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EquityPoint {
    /// The bar of the run, 0 being the one that opened the account.
    pub bar: u32,
    /// When the bar starts (UTC).
    pub bar_start_at: Timestamp,
    /// Cash after the last record of the bar.
    pub cash: Cash,
    /// Cash and positions, marked at the close of the bar.
    pub value: Cash,
    /// The bar is not complete: it is marked at its open.
    pub provisional: bool,
}

/// A place in a list that is ordered by bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarCursor(pub u32);

const BY_BAR: &str = "bar";

impl fmt::Display for BarCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(BY_BAR, &self.0.to_string()))
    }
}

impl FromStr for BarCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        decode(BY_BAR, text)?.parse().map(Self).map_err(|_| InvalidCursor)
    }
}

impl Serialize for BarCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Points of a run by bar; none for a run without closed bars.
pub async fn points(
    client: &impl Reader,
    run: RunId,
    after: Option<BarCursor>,
    limit: u16,
) -> Result<Page<EquityPoint, BarCursor>, QueryError> {
    let from = after.map_or(0, |cursor| cursor.0.saturating_add(1));
    let mut series = EquitySeries::starting_at(client, run, from);
    let mut found = Vec::new();
    while found.len() <= usize::from(limit) {
        let chunk = series.next_chunk().await?;
        if chunk.is_empty() {
            break;
        }
        found.extend(chunk.into_iter().take(usize::from(limit) + 1 - found.len()));
    }
    Ok(Page::of(found, limit, |last| BarCursor(last.bar)))
}

/// The account at the last closed bar of a run.
pub async fn last(client: &impl Reader, run: RunId) -> Result<Option<EquityPoint>, QueryError> {
    Ok(chunk_at(client, run, u32::MAX).await?.and_then(|chunk| chunk.last().copied()))
}

/// An equity series read chunk by chunk: never more than one chunk in memory.
#[derive(Debug)]
pub struct EquitySeries<'c, C> {
    client: &'c C,
    run: RunId,
    next_bar: u32,
}

impl<'c, C: Reader> EquitySeries<'c, C> {
    /// All of a run's series.
    pub fn of(client: &'c C, run: RunId) -> Self {
        Self::starting_at(client, run, 0)
    }

    /// A run's series from a bar on.
    pub fn starting_at(client: &'c C, run: RunId, bar: u32) -> Self {
        Self { client, run, next_bar: bar }
    }

    /// The next points by rising bar; empty at the end.
    pub async fn next_chunk(&mut self) -> Result<Vec<EquityPoint>, QueryError> {
        let mut chunk = chunk_at(self.client, self.run, self.next_bar).await?.unwrap_or_default();
        chunk.retain(|point| point.bar >= self.next_bar);
        if let Some(last) = chunk.last() {
            self.next_bar = last.bar.saturating_add(1);
        }
        Ok(chunk)
    }
}

/// The chunk that holds `bar`, or the last one before it.
async fn chunk_at(
    client: &impl Reader,
    run: RunId,
    bar: u32,
) -> Result<Option<Vec<EquityPoint>>, QueryError> {
    const OPERATION: &str = "reading the equity of a run";
    let bar = i32::try_from(bar).unwrap_or(i32::MAX);
    let rows = client
        .query(include_str!("../sql/equity/chunk.sql"), &[&run.uuid(), &bar])
        .await
        .map_err(QueryError::during(OPERATION))?;
    rows.first().map(|row| points_of(row, OPERATION)).transpose()
}

fn points_of(row: &Row, operation: &'static str) -> Result<Vec<EquityPoint>, QueryError> {
    let columns = Columns::of(row, operation);
    let first_bar: u32 = columns.number::<i32, _>("first_bar")?;
    let starts: Vec<i64> = columns.get("bar_starts_s")?;
    let (cash, value) = (columns.cash_per_bar("cash")?, columns.cash_per_bar("value")?);
    let provisional: bool = columns.get("provisional")?;
    let last = starts.len().saturating_sub(1);
    (first_bar..)
        .zip(starts)
        .zip(cash.into_iter().zip(value))
        .enumerate()
        .map(|(index, ((bar, start), (cash, value)))| {
            Ok(EquityPoint {
                bar,
                bar_start_at: instant(start, operation)?,
                cash,
                value,
                provisional: provisional && index == last,
            })
        })
        .collect()
}

/// The instant of so many seconds since 1970.
pub(crate) fn instant(seconds: i64, operation: &'static str) -> Result<Timestamp, QueryError> {
    Timestamp::from_second(seconds).map_err(|error| QueryError::unreadable(operation, error))
}
