//! What a portfolio is worth on a date and what it earned: exact amounts, given prices. Statistics begin where it ends.

mod attribution;
mod exposure;
mod lot_value;
mod price;
mod roll;
mod rolled;
mod target_returns;
#[cfg(test)]
mod tests;

pub use attribution::{Attribution, AttributionRow, GroupBy, PERCENT_PNL_MIN};
pub use exposure::{Exposure, NoRatio, Standing};
pub use lot_value::{LotValue, SymbolValue, Worth};
pub use price::{DatedPrice, LotPrice, PRICE_LOOKBACK_SESSIONS, PriceSource, Prices, Unpriced};
pub use roll::{LotDay, Roll, RollState, Snapshot};
pub use rolled::Rolled;
pub use target_returns::{GroupReturns, Horizon, HorizonReturns, OptionValue, TargetReturns};
