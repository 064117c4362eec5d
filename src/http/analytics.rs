//! Analytics: what they are made with, and what portfolios risk.

mod correlation_terms;
pub mod factor_definitions;
mod kept;
pub mod portfolio;
mod question;
pub mod stress_scenarios;

pub(super) use kept::KeptAnswers;
pub mod beta_calculated;
pub mod beta_comparison;
pub mod beta_provider;
pub mod custom_stress_test;
pub mod factor_exposures;
pub mod greeks;
pub mod position_factor_exposures;
pub mod rate_sensitivity;
mod reading;
pub mod spread_factors;
pub mod stress_test;
