//! Which returns are correlated: the same parameters for matrix, clusters and diversification.

use projections::risk::CorrelationTerms;
use quant::selection::{COUNT_DEFAULT, Limits, VALUE_MIN, WEIGHT_MIN};
use utoipa::IntoParams;

use super::question::within;
use crate::http::books::AsOf;
use crate::http::query::{FromParameters, Parameters};

/// The parameters, for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what correlation_terms reads")]
pub struct CorrelationParameters {
    /// Returns looked back on.
    #[param(minimum = 30, maximum = 365, default = 90)]
    lookback_days: Option<u16>,
    /// Fewest returns that a pair has in common; at most `lookback_days`.
    #[param(minimum = 10, maximum = 365, default = 30)]
    min_overlap: Option<u16>,
    /// Most symbols, those with the largest gross weight.
    #[param(minimum = 2, maximum = 50, default = 25)]
    max_symbols: Option<u16>,
    /// Exposure from which a position counts, in money. By default 0; 10000 for clusters.
    #[param(minimum = 0)]
    min_position_value: Option<f64>,
    /// Gross weight from which a position counts, a fraction. By default 0; 0.01 for clusters.
    #[param(minimum = 0, maximum = 1)]
    min_portfolio_weight: Option<f64>,
    /// Which of both it must reach: `value_only`, `weight_only`, `both` (default) or `either`.
    #[param(example = "both")]
    filter_mode: Option<String>,
}

/// Which positions count unless asked otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filters {
    /// All.
    All,
    /// Only those that matter.
    Large,
}

/// A question about all positions.
#[derive(Debug)]
pub struct AllPositions {
    /// Which returns.
    pub terms: CorrelationTerms,
    /// As of when.
    pub as_of: AsOf,
}

impl FromParameters for AllPositions {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { terms: correlation_terms(parameters, Filters::All)?, as_of: AsOf::read(parameters) })
    }
}

/// Reads the parameters.
pub fn correlation_terms(parameters: &mut Parameters, filters: Filters) -> Option<CorrelationTerms> {
    let (value, weight) = match filters {
        Filters::All => (0.0, 0.0),
        Filters::Large => (VALUE_MIN, WEIGHT_MIN),
    };
    let lookback_days = within(parameters, "lookback_days", 90, 30..=365);
    let min_overlap = within(parameters, "min_overlap", 30, 10..=365);
    if min_overlap > lookback_days {
        parameters.report("min_overlap", "above_lookback", "must be at most lookback_days");
    }
    let mode: Option<String> = parameters.optional("filter_mode");
    let filter = match mode.as_deref() {
        None | Some("both") => Limits::Both,
        Some("value_only") => Limits::ValueOnly,
        Some("weight_only") => Limits::WeightOnly,
        Some("either") => Limits::Either,
        Some(_) => {
            parameters.report("filter_mode", "invalid", "must be value_only, weight_only, both or either");
            return None;
        }
    };
    Some(CorrelationTerms {
        lookback_days,
        min_overlap,
        max_symbols: within(parameters, "max_symbols", COUNT_DEFAULT, 2..=50),
        min_position_value: within(parameters, "min_position_value", value, 0.0..=f64::MAX),
        min_portfolio_weight: within(parameters, "min_portfolio_weight", weight, 0.0..=1.0),
        filter,
    })
}
