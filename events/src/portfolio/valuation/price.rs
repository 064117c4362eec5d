//! The price of a lot on a date, and where it comes from.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::portfolio::{Lot, Portfolio};
use crate::position::{InvestmentClass, named};
use crate::{OptionContract, PositionId, Price, Symbol, calendar};

/// How many sessions before a date a close may be and still value that date.
pub const PRICE_LOOKBACK_SESSIONS: u8 = 10;

/// A price with the date that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedPrice {
    /// The New York date.
    pub date: Date,
    /// The price per share.
    pub price: Price,
}

impl DatedPrice {
    /// Whether it is of `date`, or of one of the [`PRICE_LOOKBACK_SESSIONS`] before.
    pub fn is_recent_on(&self, date: Date) -> bool {
        // Most prices are of the date itself: only the others are worth a walk over the calendar.
        self.date == date || (self.date < date && self.date >= earliest(date))
    }
}

/// What the valuation needs of the market: raw closes, as splits left them.
pub trait Prices {
    /// The close of `symbol` on `date`, or the latest before it; never a later one. An older one than
    /// [`PRICE_LOOKBACK_SESSIONS`] is not used, and need not be looked for.
    fn close_on_or_before(&self, symbol: &Symbol, date: Date) -> Option<DatedPrice>;

    /// The price per share of an option on `date`, or the latest before it, quoted or computed.
    fn option_on_or_before(&self, contract: &OptionContract, date: Date) -> Option<DatedPrice>;
}

named! {
    /// Where the price of a lot comes from.
    pub enum PriceSource {
        /// A close of the market.
        Close = "close",
        /// A quote or a model of an option.
        Option = "option",
        /// Its owner's mark.
        Mark = "mark",
        /// What it was entered at: a PRIVATE lot that nobody marked.
        Cost = "priced_at_cost",
    }
}

/// The price of a lot on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotPrice {
    /// The price per share.
    pub price: Price,
    /// The New York date that it is of.
    pub price_date: Date,
    /// Where it comes from.
    pub source: PriceSource,
}

impl LotPrice {
    /// Sessions after the price until `date`, that one included; 0 where it is of that session.
    pub fn stale_sessions(&self, date: Date) -> usize {
        let after = self.price_date.tomorrow().unwrap_or(self.price_date);
        if self.price_date >= date { 0 } else { calendar::sessions_between(after, date) }
    }
}

/// Why a lot has no price on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unpriced {
    /// No close of the date or of the ten sessions before.
    #[error("no close of the last {PRICE_LOOKBACK_SESSIONS} sessions")]
    NoClose,
    /// No price of the option on the date or in the ten sessions before.
    #[error("no price of the option")]
    NoOptionPrice,
    /// The option expired before the date, and nobody said how it ended.
    #[error("the option expired and how it ended is not recorded")]
    OptionExpired,
    /// The symbol is too long for any market.
    #[error("no market trades the symbol")]
    NotTraded,
}

impl Portfolio {
    /// The price of a lot on `date`.
    pub fn price_of(
        &self,
        position_id: PositionId,
        lot: &Lot,
        date: Date,
        prices: &impl Prices,
    ) -> Result<LotPrice, Unpriced> {
        match (&lot.terms.investment_class, &lot.terms.option) {
            (InvestmentClass::Options, Some(contract)) if contract.expiry < date => {
                Err(Unpriced::OptionExpired)
            }
            (InvestmentClass::Options, Some(contract)) => {
                let found = prices.option_on_or_before(contract, date).ok_or(Unpriced::NoOptionPrice)?;
                recent(found, date, PriceSource::Option).ok_or(Unpriced::NoOptionPrice)
            }
            (InvestmentClass::Private, _) => Ok(self.marked(position_id, lot, date)),
            (InvestmentClass::Public | InvestmentClass::Options, _) => {
                let symbol = lot.terms.market_symbol().ok_or(Unpriced::NotTraded)?;
                let found = prices.close_on_or_before(&symbol, date).ok_or(Unpriced::NoClose)?;
                recent(found, date, PriceSource::Close).ok_or(Unpriced::NoClose)
            }
        }
    }

    /// A mark counts until the next one, however old it is.
    fn marked(&self, position_id: PositionId, lot: &Lot, date: Date) -> LotPrice {
        let cost = (lot.terms.entry_date, lot.terms.entry_price, PriceSource::Cost);
        let mark =
            self.mark_on(position_id, date).map(|(marked, mark)| (marked, mark.price, PriceSource::Mark));
        let (price_date, price, source) = mark.unwrap_or(cost);
        LotPrice { price, price_date, source }
    }
}

fn recent(found: DatedPrice, date: Date, source: PriceSource) -> Option<LotPrice> {
    found.is_recent_on(date).then_some(LotPrice { price: found.price, price_date: found.date, source })
}

/// The first session whose close still values `date`.
fn earliest(date: Date) -> Date {
    calendar::nth_session(calendar::session_on_or_before(date), -i32::from(PRICE_LOOKBACK_SESSIONS))
}
