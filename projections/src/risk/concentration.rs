//! How much of a book its largest positions are.

use std::collections::BTreeMap;

use events::Cash;
use events::position::PositionSymbol;
use quant::concentration::{self, ConcentrationBand};
use serde::Serialize;
use utoipa::ToSchema;

use super::rounded::dollars;
use super::{Absent, Analytic, DataQuality, Missing, Provenance, RiskInputs, SkipReason};

/// Concentration by gross weights, lots and options of an issuer merged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Concentration {
    /// Herfindahl-Hirschman index: 10,000 Σw².
    #[schema(example = 3000.0)]
    pub hhi: Option<f64>,
    /// The number of equal positions that are as concentrated: 1/Σw².
    #[schema(example = 3.333333)]
    pub effective_num_positions: Option<f64>,
    /// The three largest weights together, a fraction.
    #[schema(example = 0.9)]
    pub top_3_concentration: Option<f64>,
    /// The ten largest weights together, a fraction.
    #[schema(example = 1.0)]
    pub top_10_concentration: Option<f64>,
    /// Merged positions that count.
    #[schema(example = 4)]
    pub total_positions: Option<usize>,
    /// `diversified` below 1,500, `moderate` to 2,500, `concentrated` above.
    #[schema(value_type = Option<String>, example = "concentrated")]
    pub band: Option<ConcentrationBand>,
    /// The gross weight of each, a fraction.
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub position_weights: Option<BTreeMap<PositionSymbol, f64>>,
    /// The largest, in order: at most ten.
    pub top_positions: Option<Vec<TopExposure>>,
}

/// A large position.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TopExposure {
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// Its exposure in money, signed.
    #[schema(value_type = Option<String>, example = "18000")]
    pub exposure: Option<Cash>,
    /// Its gross weight, a fraction.
    #[schema(example = 0.4)]
    pub weight: f64,
    /// Lots merged into it.
    pub lots: usize,
}

/// The concentration of the portfolios.
pub fn concentration(inputs: &RiskInputs) -> Analytic<Concentration> {
    let quality = DataQuality::of(inputs, &without_exposure(inputs), None);
    let provenance = Provenance::of(inputs, "gross_weights", 1, "concentration");
    Analytic::of(figures(inputs), quality, provenance)
}

/// The lots that have no exposure.
pub(super) fn without_exposure(inputs: &RiskInputs) -> BTreeMap<usize, SkipReason> {
    let lots = inputs.lots.iter().enumerate();
    lots.filter_map(|(place, lot)| Some((place, lot.exposure.err()?))).collect()
}

fn figures(inputs: &RiskInputs) -> Result<(Concentration, Missing), Absent> {
    inputs.one_currency()?;
    let exposures: Vec<f64> = inputs.merged.iter().map(|merged| merged.exposure).collect();
    let found = concentration::concentration(&exposures)?;
    let weights = concentration::gross_weights(&exposures)?;
    let weighted = || inputs.merged.iter().zip(&weights);
    let top = |(merged, weight): (&super::MergedExposure, &f64)| TopExposure {
        symbol: merged.symbol.clone(),
        exposure: dollars(merged.exposure),
        weight: *weight,
        lots: merged.lots.len(),
    };
    let figures = Concentration {
        hhi: Some(found.hhi),
        effective_num_positions: Some(found.effective_positions),
        top_3_concentration: Some(found.top_3),
        top_10_concentration: Some(found.top_10),
        total_positions: Some(exposures.len()),
        band: Some(found.band),
        position_weights: Some(weighted().map(|(merged, weight)| (merged.symbol.clone(), *weight)).collect()),
        top_positions: Some(weighted().take(10).map(top).collect()),
    };
    Ok((figures, Missing::new()))
}
