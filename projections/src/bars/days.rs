//! Daily bars of several symbols in a range of days, and where they come from.

use std::collections::BTreeMap;

use events::{Price, Symbol};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use tokio_postgres::{GenericClient, Row};

use super::{BarPrices, BarsStoreError, Vintage};

const OPERATION: &str = "reading daily bars";

/// A daily bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayBar {
    /// Its date.
    pub date: Date,
    /// What is known of its prices.
    pub prices: BarPrices,
    /// What was traded, where known.
    pub volume: Option<Decimal>,
    /// The close adjusted for splits and dividends, where the source gives it.
    pub adjusted_close: Option<Price>,
}

/// An import that brought bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarSource {
    /// The name of the file or feed.
    pub name: String,
    /// Its newest vintage.
    pub vintage: Vintage,
    /// When that was imported.
    pub imported_at: Timestamp,
}

/// The daily bars from one date to another, both included, by symbol and rising date, as known at a vintage.
pub async fn daily_bars(
    client: &impl GenericClient,
    symbols: &[Symbol],
    first: Date,
    last: Date,
    as_of: Vintage,
) -> Result<BTreeMap<Symbol, Vec<DayBar>>, BarsStoreError> {
    let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    let rows = client
        .query(
            include_str!("sql/daily_bars.sql"),
            &[&names, &midnight(first), &midnight(last), &as_of.number()],
        )
        .await
        .map_err(BarsStoreError::during(OPERATION))?;
    let mut days: BTreeMap<Symbol, Vec<DayBar>> = BTreeMap::new();
    for row in &rows {
        days.entry(symbol_of(row, OPERATION)?).or_default().push(day_of(row)?);
    }
    Ok(days)
}

/// Which imports brought the daily bars of each symbol, newest first, as known at a vintage.
pub async fn sources(
    client: &impl GenericClient,
    symbols: &[Symbol],
    as_of: Vintage,
) -> Result<BTreeMap<Symbol, Vec<BarSource>>, BarsStoreError> {
    let operation = "listing the sources of bars";
    let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    let rows = client
        .query(include_str!("sql/sources.sql"), &[&names, &as_of.number()])
        .await
        .map_err(BarsStoreError::during(operation))?;
    let mut sources: BTreeMap<Symbol, Vec<BarSource>> = BTreeMap::new();
    for row in &rows {
        let source = BarSource {
            name: row.try_get("name").map_err(BarsStoreError::during(operation))?,
            vintage: Vintage::new(row.try_get("vintage").map_err(BarsStoreError::during(operation))?),
            imported_at: row.try_get("imported_at").map_err(BarsStoreError::during(operation))?,
        };
        sources.entry(symbol_of(row, operation)?).or_default().push(source);
    }
    Ok(sources)
}

fn symbol_of(row: &Row, operation: &'static str) -> Result<Symbol, BarsStoreError> {
    let symbol: &str = row.try_get("symbol").map_err(BarsStoreError::during(operation))?;
    symbol.parse().map_err(|_| BarsStoreError::unreadable(operation, symbol))
}

fn day_of(row: &Row) -> Result<DayBar, BarsStoreError> {
    let price = |column| -> Result<Option<Price>, BarsStoreError> {
        let units: Option<i64> = row.try_get(column).map_err(BarsStoreError::during(OPERATION))?;
        Ok(units.map(Price::from_units))
    };
    let open = price("open")?.ok_or_else(|| BarsStoreError::unreadable(OPERATION, "a bar without open"))?;
    let start: Timestamp = row.try_get("bar_start").map_err(BarsStoreError::during(OPERATION))?;
    Ok(DayBar {
        date: start.to_zoned(TimeZone::UTC).date(),
        prices: BarPrices::of_columns(open, price("high")?.zip(price("low")?), price("close")?),
        volume: row.try_get("volume").map_err(BarsStoreError::during(OPERATION))?,
        adjusted_close: price("adjusted")?,
    })
}

/// Where the daily bar of a date starts.
fn midnight(date: Date) -> Timestamp {
    date.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}
