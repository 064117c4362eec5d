//! Data without calculation beyond valuation: prices, profiles and how complete they are; portfolios and positions.

pub mod benchmark_prices;
mod columns;
pub mod company_profiles;
pub mod complete;
pub mod coverage;
pub mod data_quality;
pub mod etf_prices;
pub mod historical_prices;
pub mod portfolio_prices;
pub mod portfolios;
pub mod position_details;
pub mod snapshot;
mod snapshot_view;
pub mod snapshots;
pub mod terms;
pub mod top_positions;

pub use columns::{DateView, PriceColumns};
pub use snapshot_view::PortfolioSnapshotView;
pub use terms::{
    DateFormat, LOOKBACK_MAX, Lookback, SYMBOLS_MAX, Terms, TermsParameters, Window, WindowView, distinct,
};
