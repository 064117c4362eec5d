//! Analytics of portfolios.

mod factors;
mod portfolio;
