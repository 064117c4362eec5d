//! Analytics of one portfolio.

pub mod concentration;
pub mod correlation_matrix;
pub mod correlation_metrics;
pub mod diversification_score;
pub mod overview;
pub mod risk_metrics;
pub mod sector_exposure;
pub mod var;
pub mod volatility;
