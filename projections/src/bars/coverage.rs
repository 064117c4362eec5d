//! What the store holds of each symbol, without counting bars.

use events::{Interval, Symbol};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{BarsStoreError, Vintage};
use crate::reader::Reader;

const OPERATION: &str = "listing the coverage of bars";

/// The bars of one symbol at one interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Whose bars.
    pub symbol: Symbol,
    /// Their length.
    pub interval: Interval,
    /// Start of the first.
    pub first_start: Timestamp,
    /// Start of the last.
    pub last_start: Timestamp,
    /// How many, each counted once however many vintages it has.
    pub bars: i64,
    /// The newest vintage that touched them.
    pub vintage: Vintage,
}

/// Lists symbols (these or all) at an interval (this or all) with what was known of them at a vintage.
pub async fn coverage(
    client: &impl Reader,
    symbols: Option<&[Symbol]>,
    interval: Option<Interval>,
    as_of: Option<Vintage>,
) -> Result<Vec<Coverage>, BarsStoreError> {
    let interval = interval.map(Interval::name);
    let symbols: Option<Vec<&str>> = symbols.map(|symbols| symbols.iter().map(Symbol::as_str).collect());
    let vintage = as_of.unwrap_or(Vintage::NEWEST).number();
    client
        .query(include_str!("sql/coverage.sql"), &[&interval, &symbols, &vintage])
        .await
        .map_err(BarsStoreError::during(OPERATION))?
        .iter()
        .map(coverage_of)
        .collect()
}

fn coverage_of(row: &Row) -> Result<Coverage, BarsStoreError> {
    let symbol: &str = row.try_get("symbol").map_err(BarsStoreError::during(OPERATION))?;
    let interval: &str = row.try_get("interval").map_err(BarsStoreError::during(OPERATION))?;
    Ok(Coverage {
        symbol: symbol.parse().map_err(|_| BarsStoreError::unreadable(OPERATION, symbol))?,
        interval: interval.parse().map_err(|_| BarsStoreError::unreadable(OPERATION, interval))?,
        first_start: row.try_get("first_start").map_err(BarsStoreError::during(OPERATION))?,
        last_start: row.try_get("last_start").map_err(BarsStoreError::during(OPERATION))?,
        bars: row.try_get("bars").map_err(BarsStoreError::during(OPERATION))?,
        vintage: Vintage::new(row.try_get("vintage").map_err(BarsStoreError::during(OPERATION))?),
    })
}

/// The newest vintage; absent while the store is empty.
pub async fn latest_vintage(client: &impl Reader) -> Result<Option<Vintage>, BarsStoreError> {
    let operation = "reading the latest vintage";
    let row = client
        .query_one(include_str!("sql/latest_vintage.sql"), &[])
        .await
        .map_err(BarsStoreError::during(operation))?;
    let number: Option<i64> = row.try_get("vintage").map_err(BarsStoreError::during(operation))?;
    Ok(number.map(Vintage::new))
}

/// The newest vintage that was imported by an instant; absent where nothing was.
pub async fn vintage_at(
    client: &impl Reader,
    known_at: Timestamp,
) -> Result<Option<Vintage>, BarsStoreError> {
    let operation = "reading the vintage of an instant";
    let row = client
        .query_one(include_str!("sql/vintage_at.sql"), &[&known_at])
        .await
        .map_err(BarsStoreError::during(operation))?;
    let number: Option<i64> = row.try_get("vintage").map_err(BarsStoreError::during(operation))?;
    Ok(number.map(Vintage::new))
}
