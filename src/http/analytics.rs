//! What analytics are made with: factors and scenarios.

mod correlation_terms;
pub mod factor_definitions;
mod kept;
pub mod portfolio;
mod question;
pub mod stress_scenarios;

pub(super) use kept::KeptAnswers;
