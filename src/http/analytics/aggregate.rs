//! Analytics of several portfolios seen as one.

pub mod beta;
pub mod breakdown;
pub mod concentration;
pub mod correlation_matrix;
pub mod factor_exposures;
pub mod overview;
pub mod sector_exposure;
pub mod stress_test;
pub mod volatility;
