//! Whole histories of daily closes, and which vintages touched them: what a cache of closes is filled from.

use std::collections::BTreeMap;
use std::pin::pin;

use crate::reader::Reader;
use events::{Price, Symbol};
use futures_util::TryStreamExt;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::array::{NumberArray, instant_of, price_of};
use super::{BarsStoreError, Vintage};

const OPERATION: &str = "reading daily closes";

/// The closes of one symbol; days that have no complete bar are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyCloses {
    /// The dates of the bars, rising.
    pub dates: Vec<Date>,
    /// What was traded last on each, as the source gives it.
    pub closes: Vec<Price>,
    /// The close of each adjusted for splits and dividends, where the source gives it beside the close.
    pub adjusted: Vec<Option<Price>>,
}

/// A daily series and a vintage that stored something of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedSeries {
    /// Whose bars.
    pub symbol: Symbol,
    /// The vintage.
    pub vintage: Vintage,
}

/// Which daily series were touched after one vintage up to another, by rising vintage.
pub async fn touched_since(
    client: &impl Reader,
    after: Vintage,
    until: Vintage,
) -> Result<Vec<TouchedSeries>, BarsStoreError> {
    let operation = "listing what imports touched";
    let rows = client
        .query(include_str!("sql/touched_since.sql"), &[&after.number(), &until.number()])
        .await
        .map_err(BarsStoreError::during(operation))?;
    rows.iter()
        .map(|row| {
            let symbol: &str = row.try_get("symbol").map_err(BarsStoreError::during(operation))?;
            let symbol = symbol.parse().map_err(|_| BarsStoreError::unreadable(operation, symbol))?;
            let vintage = row.try_get("vintage").map_err(BarsStoreError::during(operation))?;
            Ok(TouchedSeries { symbol, vintage: Vintage::new(vintage) })
        })
        .collect()
}

/// The daily closes of each symbol that has any, as known at a vintage.
pub async fn daily_closes(
    client: &impl Reader,
    symbols: &[Symbol],
    as_of: Vintage,
) -> Result<BTreeMap<Symbol, DailyCloses>, BarsStoreError> {
    let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    let number = as_of.number();
    let parameters: [&(dyn ToSql + Sync); 2] = [&names, &number];
    let chunks = client
        .stream(include_str!("sql/read_closes.sql"), &parameters)
        .await
        .map_err(BarsStoreError::during(OPERATION))?;
    let mut chunks = pin!(chunks);
    let mut found: BTreeMap<Symbol, Newest> = BTreeMap::new();
    while let Some(chunk) = chunks.try_next().await.map_err(BarsStoreError::during(OPERATION))? {
        let symbol: &str = chunk.try_get("symbol").map_err(BarsStoreError::during(OPERATION))?;
        let symbol: Symbol = symbol.parse().map_err(|_| BarsStoreError::unreadable(OPERATION, symbol))?;
        found.entry(symbol).or_default().take(&chunk)?;
    }
    Ok(found.into_iter().map(|(symbol, newest)| (symbol, newest.into_closes())).collect())
}

/// Of each date the bar of the newest vintage. A bar of which only the open is known has no close.
#[derive(Default)]
struct Newest(BTreeMap<Date, (Vintage, Option<Price>, Option<Price>)>);

impl Newest {
    fn take(&mut self, chunk: &Row) -> Result<(), BarsStoreError> {
        let column = |name| -> Result<Option<NumberArray<'_>>, BarsStoreError> {
            chunk.try_get(name).map_err(BarsStoreError::during(OPERATION))
        };
        let odd = || BarsStoreError::unreadable(OPERATION, "a chunk whose columns do not fit together");
        let vintage = Vintage::new(chunk.try_get("vintage").map_err(BarsStoreError::during(OPERATION))?);
        let (starts, mut closes) = column("starts")?.zip(column("close")?).ok_or_else(odd)?;
        let mut adjusted = column("adjusted")?;
        for start in starts.map(instant_of) {
            let start = start.ok_or_else(odd)?;
            let close = closes.next().map(price_of).ok_or_else(odd)?;
            let adjusted = match &mut adjusted {
                Some(adjusted) => adjusted.next().map(price_of).ok_or_else(odd)?,
                None => None,
            };
            // Daily bars start at midnight UTC of their date.
            let place = self.0.entry(start.to_zoned(TimeZone::UTC).date());
            let known = place.or_insert((vintage, close, adjusted));
            if known.0 < vintage {
                *known = (vintage, close, adjusted);
            }
        }
        Ok(())
    }

    fn into_closes(self) -> DailyCloses {
        let mut daily = DailyCloses::default();
        for (date, (_, close, adjusted)) in self.0 {
            if let Some(close) = close {
                daily.dates.push(date);
                daily.closes.push(close);
                daily.adjusted.push(adjusted);
            }
        }
        daily
    }
}
