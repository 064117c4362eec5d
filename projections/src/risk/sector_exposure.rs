//! Which sectors a book is exposed to, and how that differs from a benchmark.

use std::collections::BTreeMap;

use events::portfolio::Lot;
use events::position::{InvestmentClass, InvestmentSubtype};
use events::{Cash, Symbol};
use jiff::civil::Date;
use quant::sectors::{self, ActiveWeight, Bucket};
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::noted;
use super::concentration::without_exposure;
use super::rounded::dollars;
use super::{Absent, Analytic, DataQuality, LotExposure, Missing, Provenance, Reason, RiskInputs};
use crate::sector_weights::SectorWeights;

/// Days after which benchmark weights are called stale.
const BENCHMARK_STALE_DAYS: i32 = 100;

/// Exposure by sector; funds, PRIVATE positions and companies without a sector are buckets of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct SectorExposure {
    /// Signed exposure over equity, by sector.
    pub portfolio_weights: Option<BTreeMap<String, f64>>,
    /// Size of exposure over gross exposure, by sector; they sum to one.
    pub gross_weights: Option<BTreeMap<String, f64>>,
    /// Positions by sector, lots merged.
    pub positions_by_sector: Option<BTreeMap<String, u64>>,
    /// Gross exposure in money.
    #[schema(value_type = Option<String>, example = "500000")]
    pub total_portfolio_value: Option<Cash>,
    /// Gross exposure of companies without a sector, in money.
    #[schema(value_type = Option<String>, example = "40000")]
    pub unclassified_value: Option<Cash>,
    /// How many those are.
    pub unclassified_count: Option<u64>,
    /// The benchmark asked for.
    #[schema(example = "SP500")]
    pub benchmark: Option<String>,
    /// Its weights, scaled to sum to one.
    pub benchmark_weights: Option<BTreeMap<String, f64>>,
    /// Weight less benchmark weight, by sector of the benchmark.
    pub over_underweight: Option<BTreeMap<String, f64>>,
    /// What weights are of where they are compared: `net_classified`, signed exposure over that of all classified ones.
    #[schema(example = "net_classified")]
    pub active_basis: Option<&'static str>,
    /// The sector that is most overweight.
    pub largest_overweight: Option<String>,
    /// The sector that is most underweight.
    pub largest_underweight: Option<String>,
    /// Of when the benchmark's weights are.
    pub benchmark_as_of_date: Option<Date>,
    /// Whether that is more than 100 days before the session.
    pub benchmark_is_stale: Option<bool>,
}

/// The sectors of the portfolios beside those of a benchmark.
pub fn sector_exposure(
    inputs: &RiskInputs,
    benchmark: &str,
    weights: Option<&SectorWeights>,
) -> Analytic<SectorExposure> {
    let quality = DataQuality::of(inputs, &without_exposure(inputs), None);
    let provenance = Provenance::of(inputs, "net_and_gross", 1, &format!("sectors;{benchmark}"));
    Analytic::of(figures(inputs, benchmark, weights), quality, provenance)
}

fn figures(
    inputs: &RiskInputs,
    benchmark: &str,
    benchmark_weights: Option<&SectorWeights>,
) -> Result<(SectorExposure, Missing), Absent> {
    inputs.one_currency()?;
    let book: Vec<(Bucket, f64)> =
        inputs.merged.iter().map(|merged| (bucket_of(inputs, merged), merged.exposure)).collect();
    if book.is_empty() {
        return Err(Absent::because(Reason::NoPositions, "no open position has an exposure"));
    }
    let mut missing = Missing::new();
    let equity = noted(&mut missing, "portfolio_weights", inputs.positive_equity());
    // Gross weights do not depend on what net ones are divided by.
    let weights = sectors::sector_weights(&book, equity.unwrap_or(1.0))?;
    let by = |of: fn(&sectors::SectorWeight) -> f64| -> BTreeMap<String, f64> {
        weights.iter().map(|(bucket, weight)| (name_of(bucket), of(weight))).collect()
    };
    let gross: f64 = book.iter().map(|(_, exposure)| exposure.abs()).sum();
    let unclassified = weights.get(&Bucket::Unclassified);
    let mut figures = SectorExposure {
        portfolio_weights: equity.map(|_| by(|weight| weight.net)),
        gross_weights: Some(by(|weight| weight.gross)),
        positions_by_sector: Some(
            weights.iter().map(|(bucket, weight)| (name_of(bucket), weight.positions)).collect(),
        ),
        total_portfolio_value: dollars(gross),
        unclassified_value: dollars(unclassified.map_or(0.0, |weight| weight.gross * gross)),
        unclassified_count: Some(unclassified.map_or(0, |weight| weight.positions)),
        benchmark: Some(benchmark.to_owned()),
        ..SectorExposure::default()
    };
    let compared = compare(&weights, benchmark, benchmark_weights);
    if let Some((dated, rows)) = noted(&mut missing, "benchmark_weights", compared) {
        let oldest = inputs.as_of_date.saturating_sub(jiff::Span::new().days(BENCHMARK_STALE_DAYS));
        let column =
            |of: fn(&ActiveWeight) -> f64| rows.iter().map(|row| (row.sector.clone(), of(row))).collect();
        figures.benchmark_weights = Some(column(|row| row.benchmark));
        figures.over_underweight = Some(column(|row| row.active));
        figures.active_basis = Some("net_classified");
        figures.largest_overweight =
            rows.first().filter(|row| row.active > 0.0).map(|row| row.sector.clone());
        figures.largest_underweight =
            rows.last().filter(|row| row.active < 0.0).map(|row| row.sector.clone());
        figures.benchmark_as_of_date = Some(dated);
        figures.benchmark_is_stale = Some(dated < oldest);
    }
    Ok((figures, missing))
}

fn compare(
    weights: &BTreeMap<Bucket, sectors::SectorWeight>,
    benchmark: &str,
    known: Option<&SectorWeights>,
) -> Result<(Date, Vec<ActiveWeight>), Absent> {
    let absent = || Absent::because(Reason::NoBenchmarkData, format!("no sector weights of {benchmark}"));
    let known = known.ok_or_else(absent)?;
    let named = |(sector, weight): (&String, &rust_decimal::Decimal)| {
        Some((sectors::gics_name(sector).to_owned(), weight.to_f64()?))
    };
    let table: BTreeMap<String, f64> = known.weights.iter().filter_map(named).collect();
    Ok((known.as_of_date, sectors::active_weights(weights, &table)?))
}

fn bucket_of(inputs: &RiskInputs, merged: &super::MergedExposure) -> Bucket {
    let lots: Vec<&LotExposure> = merged.lots.iter().filter_map(|lot| inputs.lots.get(*lot)).collect();
    let is_private = lots.iter().any(|lot| lot.investment_class == InvestmentClass::Private);
    let symbol = merged.moved_by.as_ref().filter(|_| !is_private);
    bucket(inputs, symbol, lots.iter().any(|lot| is_fund(lot.subtype)))
}

const fn is_fund(subtype: Option<InvestmentSubtype>) -> bool {
    matches!(subtype, Some(InvestmentSubtype::Etf | InvestmentSubtype::MutualFund))
}

/// The bucket of what a symbol moves; of what none moves, that of PRIVATE positions.
fn bucket(inputs: &RiskInputs, symbol: Option<&Symbol>, is_fund: bool) -> Bucket {
    let Some(symbol) = symbol else { return Bucket::Private };
    let profile = inputs.profile(symbol).map(|known| &known.profile);
    let told = profile.is_some_and(|profile| profile.is_etf == Some(true) || profile.is_fund == Some(true));
    if told || is_fund {
        return Bucket::Fund;
    }
    match profile.and_then(|profile| profile.sector.as_deref()) {
        Some(sector) => Bucket::Sector(sectors::gics_name(sector).to_owned()),
        None => Bucket::Unclassified,
    }
}

/// What the bucket of a lot is called; none where its company has no sector.
pub(super) fn sector_name(inputs: &RiskInputs, lot: &Lot) -> Option<String> {
    let terms = &lot.terms;
    let symbol = terms.market_symbol().filter(|_| terms.investment_class != InvestmentClass::Private);
    match bucket(inputs, symbol.as_ref(), is_fund(terms.investment_subtype)) {
        Bucket::Unclassified => None,
        known => Some(name_of(&known)),
    }
}

/// What a bucket is called in answers.
pub(super) fn name_of(bucket: &Bucket) -> String {
    match bucket {
        Bucket::Sector(name) => name.clone(),
        Bucket::Fund => "ETF/Fund".to_owned(),
        Bucket::Private => "Private".to_owned(),
        Bucket::Unclassified => "Unclassified".to_owned(),
    }
}

/// The sector of a merged exposure, where it has one.
pub(super) fn sector_of(inputs: &RiskInputs, merged: &super::MergedExposure) -> Option<String> {
    match bucket_of(inputs, merged) {
        Bucket::Sector(name) => Some(name),
        Bucket::Fund | Bucket::Private | Bucket::Unclassified => None,
    }
}
