//! The dates of bars: the one place where a run looks at time zones.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::Interval;
use crate::instrument::Market;
use crate::time::TradingDay;

/// Dates bars in the zones of their markets; zones are resolved once.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    united_states: TimeZone,
    china: TimeZone,
    crypto: TimeZone,
}

impl Clock {
    /// Bars of a day are labelled by their date at midnight UTC, whatever the market.
    pub fn new(interval: Interval) -> Self {
        let zone = |market: Market| match interval {
            Interval::Day => TimeZone::UTC,
            Interval::Hour | Interval::Minute => TimeZone::get(market.zone()).unwrap_or(TimeZone::UTC),
        };
        Self {
            united_states: zone(Market::UnitedStates),
            china: zone(Market::China),
            crypto: zone(Market::Crypto),
        }
    }

    /// The trading date of the bar that starts at `start`.
    pub fn trading_date(&self, market: Market, start: Timestamp) -> TradingDay {
        self.local(market, start).date()
    }

    /// Date and time of day at the exchange.
    pub fn local(&self, market: Market, start: Timestamp) -> DateTime {
        let zone = match market {
            Market::UnitedStates => &self.united_states,
            Market::China => &self.china,
            Market::Crypto => &self.crypto,
        };
        zone.to_datetime(start)
    }
}
