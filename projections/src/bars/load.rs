//! Bars in: copied into a temporary table, compared with what is stored, and only the difference inserted.

use std::collections::HashMap;
use std::pin::Pin;

use events::{Interval, Symbol};
use jiff::Timestamp;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Transaction};

use super::imports::{self, Found};
use super::{BarsStoreError, ImportedBar, Once, Source, Stored};

const OPERATION: &str = "loading bars";
const LOOKING: &str = "looking for an earlier import";
/// Bars of one row of the table: enough that rows do not matter, few enough to read a range of years without waste.
const CHUNK_BARS: i64 = 4_096;
const STAGED_TYPES: [Type; 9] = [
    Type::INT4,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::NUMERIC,
    Type::INT8,
];

/// One import under way: a transaction that either stores all its bars or none.
pub struct BarLoad<'c> {
    transaction: Transaction<'c>,
    writer: Pin<Box<BinaryCopyInWriter>>,
    source: Source,
    places: HashMap<(Symbol, Interval), i32>,
    staged: u64,
}

impl std::fmt::Debug for BarLoad<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BarLoad").field("source", &self.source).finish_non_exhaustive()
    }
}

impl<'c> BarLoad<'c> {
    /// Starts an import, unless the same file was imported before.
    pub async fn begin(client: &'c mut Client, source: Source) -> Result<Once<Self>, BarsStoreError> {
        let transaction = client.transaction().await.map_err(BarsStoreError::during(OPERATION))?;
        let before = imports::before(&transaction, &source).await;
        if let Some(import) = before.map_err(BarsStoreError::during(LOOKING))? {
            return Ok(Once::Before(import));
        }
        let staging = "staging bars";
        transaction
            .batch_execute(include_str!("sql/stage.sql"))
            .await
            .map_err(BarsStoreError::during(staging))?;
        let sink = transaction
            .copy_in(include_str!("sql/copy_staged.sql"))
            .await
            .map_err(BarsStoreError::during(staging))?;
        let writer = Box::pin(BinaryCopyInWriter::new(sink, &STAGED_TYPES));
        Ok(Once::New(Self { transaction, writer, source, places: HashMap::new(), staged: 0 }))
    }

    /// Adds a bar; no bar may come twice.
    pub async fn push(&mut self, bar: &ImportedBar) -> Result<(), BarsStoreError> {
        let place = self.place_of(bar)?;
        let open = bar.prices.open().units();
        let (high, low) =
            bar.prices.range().map(|(high, low)| (Some(high.units()), Some(low.units()))).unwrap_or_default();
        let close = bar.prices.close().map(events::Price::units);
        let adjusted = bar.adjusted_close.map(events::Price::units);
        let row: [&(dyn ToSql + Sync); 9] =
            [&place, &bar.start, &bar.end, &open, &high, &low, &close, &bar.volume, &adjusted];
        self.writer.as_mut().write(&row).await.map_err(BarsStoreError::during("staging bars"))?;
        self.staged += 1;
        Ok(())
    }

    /// Stores what is new or different, with the report, as one vintage.
    pub async fn commit(
        self,
        report: &serde_json::Value,
        imported_at: Timestamp,
    ) -> Result<Once<Stored>, BarsStoreError> {
        let Self { transaction, mut writer, source, places, staged } = self;
        writer.as_mut().finish().await.map_err(BarsStoreError::during("staging bars"))?;
        transaction
            .batch_execute(include_str!("sql/index_staged.sql"))
            .await
            .map_err(BarsStoreError::during("checking that no bar comes twice"))?;
        imports::lock(&transaction).await.map_err(BarsStoreError::during("waiting for other imports"))?;
        // Another session may have imported the same file since this one began.
        let before = imports::before(&transaction, &source).await;
        if let Some(import) = before.map_err(BarsStoreError::during(LOOKING))? {
            return Ok(Once::Before(import));
        }
        let next = imports::next_vintage(&transaction).await.map_err(BarsStoreError::during(OPERATION))?;
        let (added, changed) = store_difference(&transaction, next, places).await?;
        let found = Found { given: staged, added, changed };
        let stored = imports::record(&transaction, &source, next, &found, report, imported_at)
            .await
            .map_err(BarsStoreError::during("recording an import"))?;
        transaction.commit().await.map_err(BarsStoreError::during(OPERATION))?;
        Ok(Once::New(stored))
    }

    /// Forgets every bar of this import.
    pub async fn abandon(self) -> Result<(), BarsStoreError> {
        drop(self.writer);
        self.transaction.rollback().await.map_err(BarsStoreError::during("abandoning an import"))
    }

    fn place_of(&mut self, bar: &ImportedBar) -> Result<i32, BarsStoreError> {
        let key = (bar.symbol.clone(), bar.interval);
        if let Some(place) = self.places.get(&key) {
            return Ok(*place);
        }
        let place = i32::try_from(self.places.len())
            .map_err(|_| BarsStoreError::unreadable(OPERATION, "more series than an import can name"))?;
        self.places.insert(key, place);
        Ok(place)
    }
}

/// Loads `bars` as one import.
pub async fn load(
    client: &mut Client,
    source: Source,
    bars: impl IntoIterator<Item = ImportedBar>,
    report: &serde_json::Value,
    imported_at: Timestamp,
) -> Result<Once<Stored>, BarsStoreError> {
    match BarLoad::begin(client, source).await? {
        Once::Before(import) => Ok(Once::Before(import)),
        Once::New(mut load) => {
            for bar in bars {
                load.push(&bar).await?;
            }
            load.commit(report, imported_at).await
        }
    }
}

/// How many bars were added and changed.
async fn store_difference(
    transaction: &Transaction<'_>,
    vintage: i64,
    places: HashMap<(Symbol, Interval), i32>,
) -> Result<(i64, i64), BarsStoreError> {
    let operation = "storing new bars";
    let mut series: Vec<_> = places.into_iter().collect();
    series.sort_by_key(|(_, place)| *place);
    let symbols: Vec<&str> = series.iter().map(|((symbol, _), _)| symbol.as_str()).collect();
    let intervals: Vec<&str> = series.iter().map(|((_, interval), _)| interval.name()).collect();
    transaction
        .execute(include_str!("sql/add_series.sql"), &[&symbols, &intervals])
        .await
        .map_err(BarsStoreError::during("naming new series"))?;
    let rows = transaction
        .query(include_str!("sql/store_difference.sql"), &[&vintage, &symbols, &intervals, &CHUNK_BARS])
        .await
        .map_err(BarsStoreError::during(operation))?;
    rows.iter().try_fold((0, 0), |(added, changed), row| {
        let more_added: i64 = row.try_get("added").map_err(BarsStoreError::during(operation))?;
        let more_changed: i64 = row.try_get("changed").map_err(BarsStoreError::during(operation))?;
        Ok((added + more_added, changed + more_changed))
    })
}
