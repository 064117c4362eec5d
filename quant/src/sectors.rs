//! Which sectors a book is in, gross and net, and how that differs from a benchmark.

use std::collections::BTreeMap;

use crate::figure::{Because, Figure, Unavailable, finite, positive};
use crate::sum::Sum;

/// Where a position belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// A GICS sector, by its [`gics_name`].
    Sector(String),
    /// A fund whose holdings are not known.
    Fund,
    /// Not traded publicly.
    Private,
    /// A company whose sector is not known.
    Unclassified,
}

/// One bucket's part of a book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SectorWeight {
    /// Signed exposure, in money.
    pub exposure: f64,
    /// Σ |exposure| / gross exposure of the book; the buckets sum to one. A long and a short of one sector add up
    /// here and offset each other in `net`.
    pub gross: f64,
    /// Signed exposure / equity.
    pub net: f64,
    /// Positions.
    pub positions: u64,
}

/// A sector beside its benchmark weight.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveWeight {
    /// The sector.
    pub sector: String,
    /// Net exposure / net exposure of all classified positions.
    pub portfolio: f64,
    /// Weight in the benchmark, scaled so that its sectors sum to one.
    pub benchmark: f64,
    /// portfolio − benchmark: above zero is overweight.
    pub active: f64,
}

/// The GICS name of a sector that a data provider calls `name`; other names pass as they are.
pub fn gics_name(name: &str) -> &str {
    match name {
        "Financial Services" => "Financials",
        "Consumer Cyclical" => "Consumer Discretionary",
        "Consumer Defensive" => "Consumer Staples",
        "Basic Materials" => "Materials",
        other => other,
    }
}

/// The buckets of a book. Exposures are signed, in money, delta-adjusted.
///
/// # Errors
/// `EquityNotPositive`; `NoPositions` when there are none or all are zero; `NotFinite`.
pub fn sector_weights(
    positions: &[(Bucket, f64)],
    equity: f64,
) -> Result<BTreeMap<Bucket, SectorWeight>, Unavailable> {
    positive(equity, Because::EquityNotPositive)?;
    let gross = positions.iter().map(|(_, exposure)| exposure.abs()).collect::<Sum>().total()?;
    if gross <= 0.0 {
        return Err(Because::NoPositions.into());
    }
    let mut sums: BTreeMap<&Bucket, (Sum, Sum, u64)> = BTreeMap::new();
    for (bucket, exposure) in positions {
        let (signed, absolute, count) = sums.entry(bucket).or_default();
        signed.add(*exposure);
        absolute.add(exposure.abs());
        *count += 1;
    }
    let weight = |(bucket, (signed, absolute, positions)): (&Bucket, (Sum, Sum, u64))| {
        let exposure = signed.total()?;
        let gross = finite(absolute.total()? / gross)?;
        Ok((bucket.clone(), SectorWeight { exposure, gross, net: finite(exposure / equity)?, positions }))
    };
    sums.into_iter().map(weight).collect()
}

/// Over- and underweights against `benchmark` weights by sector, for the sectors that have one, largest overweight
/// first. Both sides are scaled to classified equity: funds, private and unclassified positions have no
/// counterpart in an index. Exposure to sectors that the benchmark lacks counts in the scale.
///
/// # Errors
/// `NoBenchmarkWeights` when there are none or they are negative or zero together; `NothingClassified` when the
/// classified positions are zero or short on balance; `NotFinite`.
pub fn active_weights(
    weights: &BTreeMap<Bucket, SectorWeight>,
    benchmark: &BTreeMap<String, f64>,
) -> Result<Vec<ActiveWeight>, Unavailable> {
    let total = benchmark.values().copied().collect::<Sum>().total()?;
    if total <= 0.0 || benchmark.values().any(|weight| *weight < 0.0) {
        return Err(Because::NoBenchmarkWeights.into());
    }
    let sectors = weights.iter().filter_map(|(bucket, weight)| match bucket {
        Bucket::Sector(name) => Some((name.as_str(), weight.exposure)),
        Bucket::Fund | Bucket::Private | Bucket::Unclassified => None,
    });
    let sectors: BTreeMap<&str, f64> = sectors.collect();
    let classified = sectors.values().copied().collect::<Sum>().total()?;
    if classified <= 0.0 {
        return Err(Because::NothingClassified.into());
    }
    let row = |(sector, weight): (&String, &f64)| {
        let portfolio = finite(sectors.get(sector.as_str()).map_or(0.0, |exposure| exposure / classified))?;
        let benchmark = finite(weight / total)?;
        Ok(ActiveWeight { sector: sector.clone(), portfolio, benchmark, active: portfolio - benchmark })
    };
    let mut rows = benchmark.iter().map(row).collect::<Result<Vec<_>, Unavailable>>()?;
    rows.sort_by(|left, right| right.active.total_cmp(&left.active).then(left.sector.cmp(&right.sector)));
    Ok(rows)
}

/// Share of the gross exposure in GICS sectors, 0 to 1: how much [`active_weights`] speak of.
pub fn classified_share(weights: &BTreeMap<Bucket, SectorWeight>) -> Figure {
    let classified = weights.iter().filter(|(bucket, _)| matches!(bucket, Bucket::Sector(_)));
    Ok(classified.map(|(_, weight)| weight.gross).collect::<Sum>().total()?.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector(name: &str) -> Bucket {
        Bucket::Sector(gics_name(name).to_owned())
    }

    fn book() -> Vec<(Bucket, f64)> {
        vec![
            (sector("Technology"), 300_000.0),
            (sector("Healthcare"), -50_000.0),
            (Bucket::Unclassified, 40_000.0),
            (Bucket::Fund, 110_000.0),
        ]
    }

    #[test]
    fn gross_weights_sum_to_one_and_net_ones_to_the_leverage() {
        let weights = sector_weights(&book(), 400_000.0).unwrap();
        let gross = |bucket: &Bucket| weights[bucket].gross;
        let net = |bucket: &Bucket| weights[bucket].net;
        let buckets = [sector("Technology"), sector("Healthcare"), Bucket::Unclassified, Bucket::Fund];
        assert_eq!(buckets.each_ref().map(gross), [0.60, 0.10, 0.08, 0.22]);
        assert_eq!(buckets.each_ref().map(net), [0.75, -0.125, 0.10, 0.275]);
        assert_eq!(classified_share(&weights), Ok(0.7));
    }

    #[test]
    fn a_long_and_a_short_of_a_sector_are_gross_but_not_net() {
        let hedged = [(sector("Basic Materials"), 10.0), (sector("Materials"), -10.0)];
        let weights = sector_weights(&hedged, 100.0).unwrap();
        assert_eq!(
            weights[&sector("Materials")],
            SectorWeight { exposure: 0.0, gross: 1.0, net: 0.0, positions: 2 }
        );
    }

    #[test]
    fn active_weights_compare_classified_equity() {
        let benchmark = BTreeMap::from([
            ("Technology".to_owned(), 0.30),
            ("Healthcare".to_owned(), 0.10),
            ("Energy".to_owned(), 0.10),
        ]);
        let weights = sector_weights(&book(), 400_000.0).unwrap();
        let rows = active_weights(&weights, &benchmark).unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.sector.as_str()).collect();
        assert_eq!(names, ["Technology", "Energy", "Healthcare"]);
        let close = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-15);
        close(rows[0].active, 1.2 - 0.6);
        close(rows[1].active, -0.2);
        close(rows[2].active, -0.2 - 0.2);
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let weights = sector_weights(&book(), 400_000.0).unwrap();
        let benchmark = BTreeMap::from([("Technology".to_owned(), 1.0)]);
        assert_eq!(active_weights(&weights, &BTreeMap::new()), Err(Because::NoBenchmarkWeights.into()));
        let funds = sector_weights(&[(Bucket::Fund, 1.0)], 1.0).unwrap();
        assert_eq!(active_weights(&funds, &benchmark), Err(Because::NothingClassified.into()));
        assert_eq!(sector_weights(&book(), 0.0), Err(Because::EquityNotPositive.into()));
        assert_eq!(sector_weights(&[], 1.0), Err(Because::NoPositions.into()));
        assert_eq!(sector_weights(&[(Bucket::Fund, f64::NAN)], 1.0), Err(Because::NotFinite.into()));
    }
}
