//! A quote as the API shows it.

use events::{Price, Quantity, Symbol};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Quote;

/// The last trade of a symbol.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteView {
    /// The symbol.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Its last price.
    #[schema(value_type = String, example = "243.15")]
    price: Price,
    /// How many were traded; null where the feed does not say.
    #[schema(value_type = Option<String>, example = "100")]
    quantity: Option<Quantity>,
    /// The currency of the price.
    #[schema(example = "USD")]
    currency: &'static str,
    /// When it was true in the market.
    occurred_at: Timestamp,
    /// When it arrived here.
    received_at: Timestamp,
    /// Whether newer ones are missing: the feed is silent or has a gap.
    stale: bool,
}

impl From<Quote> for QuoteView {
    fn from(quote: Quote) -> Self {
        Self {
            currency: quote.symbol.market().currency(),
            symbol: quote.symbol,
            price: quote.price,
            quantity: quote.quantity,
            occurred_at: quote.occurred_at,
            received_at: quote.received_at,
            stale: quote.stale,
        }
    }
}
