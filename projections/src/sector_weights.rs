//! Dated sector weights of benchmarks: loaded as data, never typed into code.

use std::collections::BTreeMap;

use crate::reader::Reader;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::bars::Vintage;
use crate::database::{Columns, QueryError};

const OPERATION: &str = "reading the sector weights of a benchmark";
/// How far the weights of a set may be from one, because sources round them.
pub const SUM_TOLERANCE: Decimal = rust_decimal::dec!(0.005);

/// The sectors of a benchmark on a date. A set is stored and replaced whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectorWeights {
    /// The name of the benchmark, such as `SP500`.
    pub benchmark: String,
    /// When it was so.
    pub as_of_date: Date,
    /// The weight of each sector, a fraction of the whole.
    pub weights: BTreeMap<String, Decimal>,
}

/// Why weights are not those of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWeights {
    /// A weight is not a fraction.
    #[error("the weight of {0} is not between 0 and 1")]
    NotAFraction(String),
    /// They are not of a whole.
    #[error("the weights of {benchmark} on {as_of_date} sum to {sum}, not to 1")]
    NotOne {
        /// The benchmark.
        benchmark: String,
        /// The date.
        as_of_date: Date,
        /// What they sum to.
        sum: Decimal,
    },
}

impl SectorWeights {
    /// Checks that the weights are fractions that sum to one, within [`SUM_TOLERANCE`].
    pub fn check(&self) -> Result<(), InvalidWeights> {
        let fraction = Decimal::ZERO..=Decimal::ONE;
        if let Some((sector, _)) = self.weights.iter().find(|(_, weight)| !fraction.contains(weight)) {
            return Err(InvalidWeights::NotAFraction(sector.clone()));
        }
        let sum: Decimal = self.weights.values().sum();
        if (sum - Decimal::ONE).abs() > SUM_TOLERANCE {
            let (benchmark, as_of_date) = (self.benchmark.clone(), self.as_of_date);
            return Err(InvalidWeights::NotOne { benchmark, as_of_date, sum });
        }
        Ok(())
    }

    /// As the statement that stores it takes it.
    pub(crate) fn row(&self) -> SectorWeightsRow<'_> {
        SectorWeightsRow {
            benchmark: &self.benchmark,
            as_of_date: self.as_of_date,
            sectors: self.weights.keys().map(String::as_str).collect(),
            weights: self.weights.values().map(Decimal::to_string).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct SectorWeightsRow<'a> {
    benchmark: &'a str,
    as_of_date: Date,
    sectors: Vec<&'a str>,
    weights: Vec<String>,
}

/// The newest weights of `benchmark` on or before a date, as known at a vintage (now, if absent).
pub async fn sector_weights(
    client: &impl Reader,
    benchmark: &str,
    on: Date,
    as_of: Option<Vintage>,
) -> Result<Option<SectorWeights>, QueryError> {
    let vintage = as_of.unwrap_or(Vintage::NEWEST).number();
    let row = client
        .query_opt(include_str!("sql/reference/sector_weights.sql"), &[&benchmark, &on, &vintage])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let Some(row) = row else { return Ok(None) };
    let columns = Columns::of(&row, OPERATION);
    let (sectors, weights): (Vec<String>, Vec<Decimal>) = (columns.get("sectors")?, columns.get("weights")?);
    let (benchmark, as_of_date) = (columns.get("benchmark")?, columns.get("as_of_date")?);
    Ok(Some(SectorWeights { benchmark, as_of_date, weights: sectors.into_iter().zip(weights).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_fractions_of_one() {
        let of = |weights: &[(&str, Decimal)]| SectorWeights {
            benchmark: "B".to_owned(),
            as_of_date: jiff::civil::date(2025, 6, 30),
            weights: weights.iter().map(|(sector, weight)| ((*sector).to_owned(), *weight)).collect(),
        };
        use rust_decimal::dec;
        assert_eq!(of(&[("A", dec!(0.6)), ("B", dec!(0.396))]).check(), Ok(()));
        let error = of(&[("A", dec!(0.6)), ("B", dec!(0.3))]).check().unwrap_err();
        assert_eq!(error.to_string(), "the weights of B on 2025-06-30 sum to 0.9, not to 1");
        assert!(matches!(of(&[("A", dec!(60))]).check(), Err(InvalidWeights::NotAFraction(_))));
    }
}
