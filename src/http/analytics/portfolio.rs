//! Analytics of one portfolio.

pub mod beta_calculated;
pub mod beta_comparison;
pub mod beta_provider;
pub mod concentration;
pub mod correlation_matrix;
pub mod correlation_metrics;
pub mod custom_stress_test;
pub mod diversification_score;
pub mod factor_exposures;
pub mod overview;
pub mod performance;
pub mod position_factor_exposures;
pub mod rate_sensitivity;
pub mod risk_metrics;
pub mod sector_exposure;
pub mod spread_factors;
pub mod stress_test;
pub mod var;
pub mod volatility;
