//! Bars of one symbol, a page at a time.

use events::{Interval, Price, Symbol};
use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{BarPrices, BarsStoreError, Vintage};
use crate::reader::Reader;

const OPERATION: &str = "reading a page of bars";

/// Which bars come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    Newest,
    /// Oldest first.
    Oldest,
}

/// Which page to read.
#[derive(Debug, Clone)]
pub struct PageQuery<'a> {
    /// Whose bars.
    pub symbol: &'a Symbol,
    /// Their length.
    pub interval: Interval,
    /// Which come first.
    pub order: Order,
    /// Bars that start here or later.
    pub from: Option<Timestamp>,
    /// Bars that start before this.
    pub to: Option<Timestamp>,
    /// As known at this vintage; the newest when absent.
    pub as_of: Option<Vintage>,
    /// [`Page::next`] of the page before.
    pub after: Option<Timestamp>,
    /// How many bars at most.
    pub limit: u16,
}

/// A bar of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarRow {
    /// When it starts.
    pub start: Timestamp,
    /// When it ends, exclusive.
    pub end: Timestamp,
    /// What is known of its prices.
    pub prices: BarPrices,
    /// What was traded, where known.
    pub volume: Option<Decimal>,
    /// The import that brought these values.
    pub vintage: Vintage,
}

/// Some bars, and where the next page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In the order asked for.
    pub bars: Vec<BarRow>,
    /// What to ask after for the next page; absent on the last.
    pub next: Option<Timestamp>,
}

/// How much further to look where the nearest chunks hold too few bars of the page.
const WIDENING: i64 = 32;

/// Reads one page.
pub async fn page(client: &impl Reader, query: &PageQuery<'_>) -> Result<Page, BarsStoreError> {
    let limit = usize::from(query.limit);
    // One more than asked for tells whether there is a next page.
    let wanted = i64::from(query.limit) + 1;
    let mut opened = wanted;
    let mut bars = loop {
        let (bars, complete) = read_near(client, query, wanted, opened).await?;
        if complete || bars.len() > limit {
            break bars;
        }
        opened = opened.saturating_mul(WIDENING);
    };
    let more = bars.len() > limit;
    bars.truncate(limit);
    let next = bars.last().map(|bar| bar.start).filter(|_| more);
    Ok(Page { bars, next })
}

/// The first bars of the page, and whether there are no others.
async fn read_near(
    client: &impl Reader,
    query: &PageQuery<'_>,
    wanted: i64,
    opened: i64,
) -> Result<(Vec<BarRow>, bool), BarsStoreError> {
    let statement = match query.order {
        Order::Newest => include_str!("sql/page_newest.sql"),
        Order::Oldest => include_str!("sql/page_oldest.sql"),
    };
    let vintage = query.as_of.unwrap_or(Vintage::NEWEST).number();
    let (symbol, interval) = (query.symbol.as_str(), query.interval.name());
    let parameters: [&(dyn ToSql + Sync); 8] =
        [&symbol, &interval, &query.from, &query.to, &vintage, &query.after, &wanted, &opened];
    let rows = client.query(statement, &parameters).await.map_err(BarsStoreError::during(OPERATION))?;
    let mut complete = true;
    let mut bars = Vec::with_capacity(rows.len());
    for row in &rows {
        complete = row.try_get("complete").map_err(BarsStoreError::during(OPERATION))?;
        let start: Option<Timestamp> = row.try_get("bar_start").map_err(BarsStoreError::during(OPERATION))?;
        if let Some(start) = start {
            bars.push(bar_of(row, start)?);
        }
    }
    Ok((bars, complete))
}

fn bar_of(row: &Row, start: Timestamp) -> Result<BarRow, BarsStoreError> {
    let price = |column| -> Result<Option<Price>, BarsStoreError> {
        let units: Option<i64> = row.try_get(column).map_err(BarsStoreError::during(OPERATION))?;
        Ok(units.map(Price::from_units))
    };
    let open = price("open")?.ok_or_else(|| BarsStoreError::unreadable(OPERATION, "a bar without open"))?;
    Ok(BarRow {
        start,
        end: row.try_get("bar_end").map_err(BarsStoreError::during(OPERATION))?,
        prices: BarPrices::of_columns(open, price("high")?.zip(price("low")?), price("close")?),
        volume: row.try_get("volume").map_err(BarsStoreError::during(OPERATION))?,
        vintage: Vintage::new(row.try_get("vintage").map_err(BarsStoreError::during(OPERATION))?),
    })
}
