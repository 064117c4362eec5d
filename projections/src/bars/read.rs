//! Bars of many symbols as aligned columns.

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

/// Reads bars into columns over the union of their starts. Symbols without a bar in the range are left out.
///
/// The newest prices are those of one moment: read [`latest_vintage`](super::latest_vintage) first and ask as of it,
/// where the answer must be repeatable.
pub async fn read(client: &impl GenericClient, query: &BarsQuery<'_>) -> Result<Bars, BarsStoreError> {
    let series = find_series(client, query).await?;
    let mut assembly = Assembly::new(query.interval);
    if series.is_empty() {
        return Ok(assembly.finish()?);
    }
    let statement = statement(query, &series);
    let stream = client.client().copy_out(&statement).await.map_err(BarsStoreError::during(OPERATION))?;
    let mut stream = pin!(stream);
    let mut decoder = CopyDecoder::default();
    let mut place = 0;
    while let Some(chunk) = stream.try_next().await.map_err(BarsStoreError::during(OPERATION))? {
        decoder.decode(chunk, |bar| {
            if bar.place != place {
                place = bar.place;
                let (_, symbol) = usize::try_from(place)
                    .ok()
                    .and_then(|place| series.get(place.checked_sub(1)?))
                    .ok_or_else(|| BarsStoreError::unreadable(OPERATION, "a series not asked for"))?;
                assembly.begin(symbol.clone());
            }
            assembly.push(bar.start, bar.prices);
            Ok(())
        })?;
    }
    Ok(assembly.finish()?)
}

/// The series asked for, by rising symbol.
async fn find_series(
    client: &impl GenericClient,
    query: &BarsQuery<'_>,
) -> Result<Vec<(i32, Symbol)>, BarsStoreError> {
    let operation = "finding series of bars";
    let symbols: Option<Vec<&str>> =
        query.symbols.map(|symbols| symbols.iter().map(Symbol::as_str).collect());
    let rows = client
        .query(include_str!("sql/find_series.sql"), &[&query.interval.name(), &symbols])
        .await
        .map_err(BarsStoreError::during(operation))?;
    let mut series = Vec::with_capacity(rows.len());
    for row in rows {
        let number = row.try_get("series_id").map_err(BarsStoreError::during(operation))?;
        let symbol: &str = row.try_get("symbol").map_err(BarsStoreError::during(operation))?;
        let symbol = symbol.parse().map_err(|_| BarsStoreError::unreadable(operation, symbol))?;
        series.push((number, symbol));
    }
    Ok(series)
}

/// `copy` takes no parameters; numbers and instants printed by their types cannot carry anything else.
fn statement(query: &BarsQuery<'_>, series: &[(i32, Symbol)]) -> String {
    let numbers = series.iter().map(|(number, _)| number.to_string()).collect::<Vec<_>>().join(",");
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
