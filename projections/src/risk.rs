//! What a portfolio risks: exposures, correlations, volatility and losses, computed when somebody asks.
//!
//! [`RiskSources`] are read, [`RiskInputs`] are what every analytic begins with: lots valued on a date, merged by what
//! they move with, and the returns of that. An analytic is a function of them and answers with an [`Analytic`]: figures,
//! or the reason why there are none, and what they were made of. Several portfolios are merged first, then calculated.

mod availability;
mod exposures;
mod inputs;
mod quality;
mod returns;
mod sources;
#[cfg(test)]
mod tests;

pub use availability::{Absent, Analytic, Missing, Provenance, ProvenancePortfolio, Reason};
pub use exposures::{DollarDeltas, LotExposure, MergedExposure, SkipReason};
pub use inputs::{PortfolioPart, RiskInputs};
pub use quality::{DataQuality, QualityFlag, Skipped};
pub use returns::{HoldingsSeries, ReturnPanel};
pub use sources::{RiskError, RiskSources};
