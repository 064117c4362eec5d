//! Reference data into the market store: what is new or different is stored under a vintage, the rest changes nothing.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::{Client, Transaction};

use crate::bars::imports::{self, Found};
use crate::bars::{Once, Source, Stored};
use crate::database::{Columns, QueryError};
use crate::factors::FactorRegistry;
use crate::instruments::Profile;
use crate::rates::RiskFreeRate;
use crate::scenarios::ScenarioCatalogue;
use crate::sector_weights::SectorWeights;

const OPERATION: &str = "storing reference data";

/// What one import brings. No symbol, date or benchmark may occur twice in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Records {
    /// Company profiles, one a symbol.
    Profiles(Vec<Profile>),
    /// Sector weights, one set a benchmark and date.
    SectorWeights(Vec<SectorWeights>),
    /// Risk-free rates, one a currency and date.
    Rates(Vec<RiskFreeRate>),
    /// A version of the factor registry.
    Factors(FactorRegistry),
    /// A version of the scenario catalogue.
    Scenarios(ScenarioCatalogue),
}

impl Records {
    /// How many records there are; a registry or catalogue is one.
    pub fn len(&self) -> usize {
        match self {
            Self::Profiles(profiles) => profiles.len(),
            Self::SectorWeights(sets) => sets.len(),
            Self::Rates(rates) => rates.len(),
            Self::Factors(_) | Self::Scenarios(_) => 1,
        }
    }

    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn statement(&self) -> &'static str {
        match self {
            Self::Profiles(_) => include_str!("sql/reference/store_profiles.sql"),
            Self::SectorWeights(_) => include_str!("sql/reference/store_sector_weights.sql"),
            Self::Rates(_) => include_str!("sql/reference/store_rates.sql"),
            Self::Factors(_) => include_str!("sql/reference/store_factors.sql"),
            Self::Scenarios(_) => include_str!("sql/reference/store_scenarios.sql"),
        }
    }

    fn to_json(&self) -> Result<Value, QueryError> {
        match self {
            Self::Profiles(profiles) => json_of(profiles),
            Self::SectorWeights(sets) => json_of(&sets.iter().map(SectorWeights::row).collect::<Vec<_>>()),
            Self::Rates(rates) => json_of(rates),
            Self::Factors(registry) => json_of(registry),
            Self::Scenarios(catalogue) => json_of(catalogue),
        }
    }
}

fn json_of<T: Serialize>(records: &T) -> Result<Value, QueryError> {
    serde_json::to_value(records).map_err(|error| QueryError::unreadable(OPERATION, error))
}

/// Stores what is new or different of `records`, with the report, as one vintage; a file that was imported before
/// changes nothing.
pub async fn load(
    client: &mut Client,
    source: &Source,
    records: &Records,
    report: &Value,
    imported_at: Timestamp,
) -> Result<Once<Stored>, QueryError> {
    let failed = || QueryError::during(OPERATION);
    let transaction = client.transaction().await.map_err(failed())?;
    // First the lock: two imports of one file at the same time are one.
    imports::lock(&transaction).await.map_err(failed())?;
    if let Some(import) = imports::before(&transaction, source).await.map_err(failed())? {
        return Ok(Once::Before(import));
    }
    let next = imports::next_vintage(&transaction).await.map_err(failed())?;
    let (added, changed) = store_difference(&transaction, next, records).await?;
    let found = Found { given: u64::try_from(records.len()).unwrap_or(u64::MAX), added, changed };
    let stored =
        imports::record(&transaction, source, next, &found, report, imported_at).await.map_err(failed())?;
    transaction.commit().await.map_err(failed())?;
    Ok(Once::New(stored))
}

async fn store_difference(
    transaction: &Transaction<'_>,
    vintage: i64,
    records: &Records,
) -> Result<(i64, i64), QueryError> {
    if records.is_empty() {
        return Ok((0, 0));
    }
    let given = records.to_json()?;
    let row = transaction
        .query_one(records.statement(), &[&vintage, &given])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let columns = Columns::of(&row, OPERATION);
    Ok((columns.get("added")?, columns.get("changed")?))
}
