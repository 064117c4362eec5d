//! Market data without calculation: prices, profiles and how complete they are.

pub mod benchmark_prices;
mod columns;
pub mod company_profiles;
pub mod coverage;
pub mod etf_prices;
pub mod historical_prices;
mod terms;

pub use columns::{DateView, PriceColumns};
pub use terms::{
    DateFormat, LOOKBACK_MAX, Lookback, SYMBOLS_MAX, Terms, TermsParameters, Window, WindowView, distinct,
};
