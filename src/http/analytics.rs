//! Analytics: what they are made with, and what portfolios risk.

pub mod aggregate;
mod correlation_terms;
pub mod factor_definitions;
mod kept;
pub mod portfolio;
pub mod positions;
pub mod question;
pub mod risk;
pub mod stress_scenarios;

pub(super) use kept::KeptAnswers;
