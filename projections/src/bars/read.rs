//! Bars of many symbols as aligned columns.

use std::collections::HashMap;
use std::pin::pin;

use events::market::Bars;
use events::{Interval, Symbol};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::array::{NumberArray, instant_of, price_of};
use super::{Assembly, BarPrices, BarsStoreError, Vintage};
use crate::reader::Reader;

const OPERATION: &str = "reading bars";

/// Which bars to read.
#[derive(Debug, Clone)]
pub struct BarsQuery<'a> {
    /// These symbols, or all when absent.
    pub symbols: Option<&'a [Symbol]>,
    /// The length of the bars.
    pub interval: Interval,
    /// Bars that start here or later.
    pub from: Option<Timestamp>,
    /// Bars that start before this.
    pub to: Option<Timestamp>,
    /// As they were known at this vintage; the newest when absent.
    pub as_of: Option<Vintage>,
}

impl BarsQuery<'_> {
    /// Every bar of every symbol, as known now.
    pub const fn all(interval: Interval) -> Self {
        Self { symbols: None, interval, from: None, to: None, as_of: None }
    }
}

/// A series asked for.
struct Asked {
    series_id: i32,
    symbol: Symbol,
    /// Bars of it, in any range.
    bars: usize,
}

/// Reads bars into columns over the union of their starts. Symbols without a bar in the range are left out.
///
/// The newest prices are those of one moment: read [`latest_vintage`](super::latest_vintage) first and ask as of it,
/// where the answer must be repeatable.
pub async fn read(client: &impl Reader, query: &BarsQuery<'_>) -> Result<Bars, BarsStoreError> {
    let asked = find_series(client, query).await?;
    // Only a whole series is known to need its room.
    let whole = query.from.is_none() && query.to.is_none();
    let rooms = asked.iter().map(|asked| (asked.symbol.clone(), if whole { asked.bars } else { 0 }));
    let mut assembly = Assembly::new(query.interval, rooms);
    if asked.is_empty() {
        return Ok(assembly.finish()?);
    }
    let places: HashMap<i32, usize> = asked.iter().map(|asked| asked.series_id).zip(0..).collect();
    let series: Vec<i32> = asked.iter().map(|asked| asked.series_id).collect();
    let vintage = query.as_of.unwrap_or(Vintage::NEWEST).number();
    let parameters: [&(dyn ToSql + Sync); 4] = [&series, &query.from, &query.to, &vintage];
    let chunks = client
        .stream(include_str!("sql/read_chunks.sql"), &parameters)
        .await
        .map_err(BarsStoreError::during(OPERATION))?;
    let mut chunks = pin!(chunks);
    while let Some(chunk) = chunks.try_next().await.map_err(BarsStoreError::during(OPERATION))? {
        let series_id: i32 = chunk.try_get("series_id").map_err(BarsStoreError::during(OPERATION))?;
        let place = places
            .get(&series_id)
            .ok_or_else(|| BarsStoreError::unreadable(OPERATION, "a series not asked for"))?;
        push_chunk(&mut assembly, *place, query, &chunk)?;
    }
    Ok(assembly.finish()?)
}

fn push_chunk(
    assembly: &mut Assembly,
    place: usize,
    query: &BarsQuery<'_>,
    chunk: &Row,
) -> Result<(), BarsStoreError> {
    let column = |name| -> Result<Option<NumberArray<'_>>, BarsStoreError> {
        chunk.try_get(name).map_err(BarsStoreError::during(OPERATION))
    };
    let vintage = Vintage::new(chunk.try_get("vintage").map_err(BarsStoreError::during(OPERATION))?);
    let odd = || BarsStoreError::unreadable(OPERATION, "a chunk whose columns do not fit together");
    let (starts, mut open) = column("starts")?.zip(column("open")?).ok_or_else(odd)?;
    let (mut high, mut low, mut close) = (column("high")?, column("low")?, column("close")?);
    // Outer `None` is a column that ends early, inner a price that is not known.
    let next = |prices: &mut Option<NumberArray<'_>>| {
        prices.as_mut().map_or(Some(None), |prices| prices.next().map(price_of))
    };
    for start in starts.map(instant_of) {
        let (Some(start), Some(open)) = (start, open.next().and_then(price_of)) else { return Err(odd()) };
        let range = next(&mut high).zip(next(&mut low)).ok_or_else(odd)?;
        let known_close = next(&mut close).ok_or_else(odd)?;
        // A chunk without closes holds flat bars only.
        let close = if close.is_some() { known_close } else { Some(open) };
        if query.from.is_none_or(|from| start >= from) && query.to.is_none_or(|to| start < to) {
            let prices = BarPrices::of_columns(open, range.0.zip(range.1), close);
            assembly.push(place, start, vintage, prices);
        }
    }
    Ok(())
}

/// The series asked for, by rising symbol.
async fn find_series(client: &impl Reader, query: &BarsQuery<'_>) -> Result<Vec<Asked>, BarsStoreError> {
    let operation = "finding series of bars";
    let symbols: Option<Vec<&str>> =
        query.symbols.map(|symbols| symbols.iter().map(Symbol::as_str).collect());
    let vintage = query.as_of.unwrap_or(Vintage::NEWEST).number();
    let rows = client
        .query(include_str!("sql/find_series.sql"), &[&query.interval.name(), &symbols, &vintage])
        .await
        .map_err(BarsStoreError::during(operation))?;
    let mut asked = Vec::with_capacity(rows.len());
    for row in rows {
        let series_id = row.try_get("series_id").map_err(BarsStoreError::during(operation))?;
        let symbol: &str = row.try_get("symbol").map_err(BarsStoreError::during(operation))?;
        let symbol = symbol.parse().map_err(|_| BarsStoreError::unreadable(operation, symbol))?;
        let bars: i64 = row.try_get("bars").map_err(BarsStoreError::during(operation))?;
        let bars = usize::try_from(bars)
            .map_err(|_| BarsStoreError::unreadable(operation, format!("{bars} bars")))?;
        asked.push(Asked { series_id, symbol, bars });
    }
    Ok(asked)
}
