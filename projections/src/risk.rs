//! What a portfolio risks: exposures, correlations, volatility and losses, computed when somebody asks.
//!
//! [`RiskSources`] are read, [`RiskInputs`] are what every analytic begins with: lots valued on a date, merged by what
//! they move with, and the returns of that. An analytic is a function of them and answers with an [`Analytic`]: figures,
//! or the reason why there are none, and what they were made of. Several portfolios are merged first, then calculated.

mod availability;
mod concentration;
mod correlations;
mod exposures;
mod inputs;
mod losses;
mod overview;
mod quality;
mod returns;
mod sector_exposure;
mod sources;
#[cfg(test)]
mod tests;

pub use availability::{Absent, Analytic, Missing, Provenance, ProvenancePortfolio, Reason};
pub use concentration::{Concentration, TopExposure, concentration};
pub use correlations::{
    Cluster, ClusterMember, CorrelationMetrics, CorrelationTerms, Correlations, DiversificationScore,
    correlation_metrics, correlations, diversification_score,
};
pub use exposures::{DollarDeltas, LotExposure, MergedExposure, SkipReason};
pub use inputs::{PortfolioPart, RiskInputs};
pub use losses::{
    DateRange, Forecast, Loss, RiskMetrics, ValueAtRisk, VarComponent, VarMethod, VarTerms, Volatility,
    WorstDay, risk_metrics, track_record_volatility, value_at_risk, volatility,
};
pub use overview::{ExposureView, Exposures, Overview, Pnl, PositionCount, overview};
pub use quality::{DataQuality, QualityFlag, Skipped};
pub use returns::{HoldingsSeries, ReturnPanel};
pub use sector_exposure::{SectorExposure, sector_exposure};
pub use sources::{RiskError, RiskSources};
