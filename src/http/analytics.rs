//! What analytics are made with: factors and scenarios.

pub mod factor_definitions;
pub mod stress_scenarios;
