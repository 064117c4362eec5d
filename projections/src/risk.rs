//! What a portfolio risks: exposures, correlations, volatility and losses, computed when somebody asks.
//!
//! [`RiskSources`] are read, [`RiskInputs`] are what every analytic begins with: lots valued on a date, merged by what
//! they move with, and the returns of that. An analytic is a function of them and answers with an [`Analytic`]: figures,
//! or the reason why there are none, and what they were made of. Several portfolios are merged first, then calculated.

mod aggregate;
mod aggregate_figures;
mod attribution;
mod availability;
mod betas;
mod concentration;
mod correlations;
mod exposures;
mod factor_exposures;
mod factor_model;
mod greeks;
mod inputs;
mod losses;
mod option_price;
mod options;
mod overview;
mod performance;
mod price_history;
mod quality;
mod rate_sensitivity;
mod returns;
mod sector_exposure;
mod sources;
mod target_returns;
#[cfg(test)]
mod tests;
mod track_record;

pub use aggregate::{AggregatePart, Aggregated, Plain};
pub use aggregate_figures::{
    AggregateBeta, AggregateStress, AggregateVolatility, BetaPart, Breakdown, BreakdownSummary, ValuePart,
    VolatilityPart, aggregate_beta, aggregate_stress, aggregate_volatility, breakdown,
};
pub use attribution::{AttributedPnl, Grouping, PnlAttribution};
pub use availability::{Absent, Analytic, Missing, Provenance, ProvenancePortfolio, Reason};
pub use concentration::{Concentration, TopExposure, concentration};
pub use correlations::{
    Cluster, ClusterMember, CorrelationMetrics, CorrelationTerms, Correlations, DiversificationScore,
    correlation_metrics, correlations, diversification_score,
};
mod rounded;
mod spread_factors;
mod stress;
mod stress_test;

pub use betas::{BetaComparison, CalculatedBeta, ComparedBeta, ProviderBeta};
pub use exposures::{LotExposure, MergedExposure, SkipReason};
pub use factor_exposures::{FactorExposures, PositionExposure, PositionExposures};
pub use factor_model::NoFactor;
pub use greeks::{GreekTotals, Greeks, OptionGreeks, View};
pub use inputs::{PortfolioPart, RiskInputs};
pub use losses::{
    DateRange, Forecast, Loss, RiskMetrics, VOLATILITY_LOOKBACK, ValueAtRisk, VarComponent, VarMethod,
    VarTerms, Volatility, WorstDay, risk_metrics, track_record_volatility, value_at_risk, volatility,
};
pub use option_price::{IvSource, NoGreeks, OptionInputs, PricedOption, priced};
pub use options::{HeldOption, days_between, kind_of};
pub use overview::{ExposureView, Exposures, Overview, Pnl, PositionCount, overview};
pub use performance::{MaxDrawdown, Performance, PeriodReturns, SeriesPeriod, SeriesReturn, performance};
pub use price_history::{
    Checks, Feasibilities, Feasibility, HistorySummary, InsufficientHistory, PartialHistory, PriceHistory,
    SymbolHistories, moving_symbols, price_history,
};
pub use quality::{DataQuality, QualityFlag, Skipped};
pub use rate_sensitivity::RateSensitivityFigures;
pub use returns::{HoldingsSeries, ReturnPanel};
pub use rounded::{dollars, unit_price};
pub use sector_exposure::{SectorExposure, sector_exposure};
pub use sources::{RiskError, RiskSources};
pub use spread_factors::SpreadFactors;
pub use stress::{NoResult, basis_of};
pub use stress_test::{How, ScenarioOutcome, StressTest};
pub use target_returns::{OptionOutlook, TargetGroup, TargetGroups, TargetHorizon};
pub use track_record::{TrackFreshness, TrackRecord};
