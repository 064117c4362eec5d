//! Bars of many symbols as aligned columns.

use std::collections::HashMap;
use std::pin::pin;

use events::market::Bars;
use events::{Interval, Symbol};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio_postgres::GenericClient;

use super::copy_out::CopyDecoder;
use super::{Assembly, BarsStoreError, Vintage};

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
pub async fn read(client: &impl GenericClient, query: &BarsQuery<'_>) -> Result<Bars, BarsStoreError> {
    let asked = find_series(client, query).await?;
    // Only a whole series is known to need its room.
    let whole = query.from.is_none() && query.to.is_none();
    let rooms = asked.iter().map(|asked| (asked.symbol.clone(), if whole { asked.bars } else { 0 }));
    let mut assembly = Assembly::new(query.interval, rooms);
    if asked.is_empty() {
        return Ok(assembly.finish()?);
    }
    let places: HashMap<i32, usize> = asked.iter().map(|asked| asked.series_id).zip(0..).collect();
    let statement = statement(query, &asked);
    let stream = client.client().copy_out(&statement).await.map_err(BarsStoreError::during(OPERATION))?;
    let mut stream = pin!(stream);
    let mut decoder = CopyDecoder::default();
    let mut current = None;
    while let Some(chunk) = stream.try_next().await.map_err(BarsStoreError::during(OPERATION))? {
        decoder.decode(chunk, |bar| {
            let place = match current {
                Some((series_id, place)) if series_id == bar.series_id => place,
                _ => *places
                    .get(&bar.series_id)
                    .ok_or_else(|| BarsStoreError::unreadable(OPERATION, "a series not asked for"))?,
            };
            current = Some((bar.series_id, place));
            assembly.push(place, bar.start, bar.vintage, bar.prices);
            Ok(())
        })?;
    }
    Ok(assembly.finish()?)
}

/// The series asked for, by rising symbol.
async fn find_series(
    client: &impl GenericClient,
    query: &BarsQuery<'_>,
) -> Result<Vec<Asked>, BarsStoreError> {
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

/// `copy` takes no parameters; numbers and instants printed by their types cannot carry anything else.
fn statement(query: &BarsQuery<'_>, asked: &[Asked]) -> String {
    let numbers = asked.iter().map(|asked| asked.series_id.to_string()).collect::<Vec<_>>().join(",");
    let instant = |instant: Option<Timestamp>, open: &str| {
        instant.map_or_else(|| open.to_owned(), |instant| instant.to_string())
    };
    let vintage = query.as_of.unwrap_or(Vintage::NEWEST).number().to_string();
    include_str!("sql/copy_bars.sql")
        .replace("{series}", &format!("{{{numbers}}}"))
        .replace("{from}", &instant(query.from, "-infinity"))
        .replace("{to}", &instant(query.to, "infinity"))
        .replace("{vintage}", &vintage)
}
