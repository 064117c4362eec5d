//! A quote as the API shows it.

use events::{Price, Quantity, Symbol};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Quote, Staleness};

/// The last trade or quote of a symbol.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteView {
    /// The symbol.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Its last price.
    #[schema(value_type = String, example = "243.15")]
    price: Price,
    /// The currency of the price.
    #[schema(example = "USD")]
    currency: &'static str,
    /// How many; zero for a quote without a trade.
    #[schema(value_type = String, example = "100")]
    size: Quantity,
    /// When, at its source.
    quoted_at: Timestamp,
    /// Its number; rises by one with each quote of the symbol.
    #[schema(example = 90211)]
    seq: u64,
    /// Why it must not be relied on: `gap` (quotes before it are missing) or `old` (nothing newer came for a while).
    #[schema(example = json!(null))]
    stale: Option<&'static str>,
}

impl From<Quote> for QuoteView {
    fn from(quote: Quote) -> Self {
        Self {
            currency: quote.symbol.market().currency(),
            symbol: quote.symbol,
            price: quote.price,
            size: quote.size,
            quoted_at: quote.at,
            seq: quote.seq,
            stale: quote.stale.map(|stale| match stale {
                Staleness::Gap => "gap",
                Staleness::Old => "old",
            }),
        }
    }
}
