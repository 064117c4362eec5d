//! The one shape of all analytics: figures or the reason why there are none, how good the data was, where it came from.

use std::collections::BTreeMap;

use events::{PortfolioId, Version};
use jiff::civil::Date;
use quant::{Because, Unavailable};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{DataQuality, RiskInputs};
use crate::bars::Vintage;

/// Why there is no figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No position is open, or none has a value.
    NoPositions,
    /// No open position is one that a market prices.
    NoPublicPositions,
    /// There are no snapshots.
    NoSnapshots,
    /// Nobody calculated it.
    NoCalculationAvailable,
    /// It compares symbols, and there are too few with prices.
    InsufficientSymbols,
    /// The symbols have too few days in common.
    InsufficientOverlap,
    /// There are too few returns, or too little of the book has enough of them.
    InsufficientHistory,
    /// The benchmark or market proxy has no data.
    NoBenchmarkData,
    /// The equity is unknown, zero or negative.
    NoEquityBalance,
    /// Portfolios in different currencies cannot be added.
    MixedCurrencies,
    /// What is divided by does not vary.
    ZeroVariance,
    /// There are no results.
    NoResults,
    /// There are no target prices.
    NoTargetPrices,
    /// A figure left the range of numbers.
    CalculationFailed,
}

/// A figure that cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Absent {
    /// Why not.
    pub reason: Reason,
    /// The same for people.
    #[schema(example = "fewer than 100 returns")]
    pub message: String,
}

impl Absent {
    /// A reason with its words.
    pub fn because(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

impl From<Unavailable> for Absent {
    fn from(unavailable: Unavailable) -> Self {
        let reason = match unavailable.because {
            Because::NoPoints
            | Because::TooFewReturns { .. }
            | Because::TooFewCalendarDays { .. }
            | Because::TooFewTradingDays { .. } => Reason::InsufficientHistory,
            Because::MissingCells => Reason::InsufficientOverlap,
            Because::TooFewSeries { .. } => Reason::InsufficientSymbols,
            Because::NoPositions => Reason::NoPositions,
            Because::EquityNotPositive => Reason::NoEquityBalance,
            Because::NoBenchmark | Because::NoBenchmarkWeights | Because::BenchmarkStartsLate => {
                Reason::NoBenchmarkData
            }
            Because::ZeroDeviation | Because::BenchmarkZeroDeviation => Reason::ZeroVariance,
            _ => Reason::CalculationFailed,
        };
        Self { reason, message: unavailable.to_string() }
    }
}

/// Why single figures of an answer are null, by their names.
pub type Missing = BTreeMap<&'static str, Absent>;

/// Gives a figure, or notes under its name why there is none.
pub(super) fn noted<T, E: Into<Absent>>(
    missing: &mut Missing,
    name: &'static str,
    figure: Result<T, E>,
) -> Option<T> {
    figure.map_err(|absent| missing.insert(name, absent.into())).ok()
}

/// What an answer was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Provenance {
    /// The portfolios, each as of a version of its stream.
    pub portfolios: Vec<ProvenancePortfolio>,
    /// The state of the market store.
    #[schema(value_type = i64, example = 12)]
    pub price_vintage: Vintage,
    /// The session that is told of.
    pub as_of_date: Date,
    /// How it was computed.
    #[schema(example = "historical")]
    pub method: &'static str,
    /// Raised when the same inputs would give other figures.
    #[schema(example = 1)]
    pub method_version: u16,
    /// SHA-256 over all of the above and the parameters: equal inputs, equal figures.
    pub inputs_hash: String,
}

/// A portfolio as of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProvenancePortfolio {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub portfolio_id: PortfolioId,
    /// Its version.
    #[schema(value_type = i64, example = 7)]
    pub version: Version,
}

impl Provenance {
    /// Of a method with its parameters; everything that changes the figures must be told.
    pub fn of(inputs: &RiskInputs, method: &'static str, method_version: u16, parameters: &str) -> Self {
        let portfolios: Vec<ProvenancePortfolio> = inputs
            .portfolios
            .iter()
            .map(|part| ProvenancePortfolio { portfolio_id: part.portfolio_id, version: part.version })
            .collect();
        let mut hasher = Sha256::new();
        for ProvenancePortfolio { portfolio_id, version } in &portfolios {
            hasher.update(format!("{portfolio_id}:{version};"));
        }
        let (vintage, date) = (inputs.vintage(), inputs.as_of_date);
        hasher.update(format!("{vintage};{date};{method};{method_version};{parameters}"));
        let inputs_hash = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { portfolios, price_vintage: vintage, as_of_date: date, method, method_version, inputs_hash }
    }
}

/// The answer of an analytic: its figures, all null where it is not available.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Analytic<T> {
    /// Whether there are figures.
    pub available: bool,
    /// Why not.
    pub reason: Option<Reason>,
    /// The same for people.
    pub message: Option<String>,
    /// The figures.
    #[serde(flatten)]
    pub figures: T,
    /// Why single figures are null, by their names.
    #[schema(value_type = BTreeMap<String, Absent>)]
    pub unavailable: Missing,
    /// How much of the book the figures speak of.
    pub data_quality: DataQuality,
    /// What they were computed from.
    pub provenance: Provenance,
}

impl<T: Default> Analytic<T> {
    /// Figures with what is missing of them, or why there are none.
    pub fn of(
        figures: Result<(T, Missing), Absent>,
        data_quality: DataQuality,
        provenance: Provenance,
    ) -> Self {
        let (available, reason, message, (figures, unavailable)) = match figures {
            Ok(figures) => (true, None, None, figures),
            Err(absent) => (false, Some(absent.reason), Some(absent.message), Default::default()),
        };
        Self { available, reason, message, figures, unavailable, data_quality, provenance }
    }
}
