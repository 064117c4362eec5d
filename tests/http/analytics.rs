//! Analytics of portfolios.

mod portfolio;
