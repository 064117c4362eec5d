//! What is traded: symbols, and the trading rules that follow from the market a symbol belongs to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Quantity;

/// Longest symbol accepted, in characters.
pub const SYMBOL_CHARS_MAX: usize = 32;

/// A tradable symbol in upper case: letters, digits, `.`, `-`, `^`, `=`, `/` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

/// The text cannot be a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a symbol is 1 to {SYMBOL_CHARS_MAX} letters, digits or . - ^ = / _")]
pub struct InvalidSymbol;

impl Symbol {
    /// The symbol as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The market whose rules apply: `.SH` and `.SZ` are A-shares, a quote currency after a hyphen is crypto.
    pub fn market(&self) -> Market {
        let text = self.as_str();
        if text.ends_with(".SH") || text.ends_with(".SZ") {
            Market::China
        } else if text.ends_with("-USDT") || text.ends_with("-USD") {
            Market::Crypto
        } else {
            Market::UnitedStates
        }
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for Symbol {
    type Err = InvalidSymbol;

    /// Case is folded to upper.
    fn from_str(text: &str) -> Result<Self, InvalidSymbol> {
        let allowed = |character: char| character.is_ascii_alphanumeric() || ".-^=/_".contains(character);
        if text.is_empty() || text.len() > SYMBOL_CHARS_MAX || !text.chars().all(allowed) {
            return Err(InvalidSymbol);
        }
        Ok(Self(text.to_ascii_uppercase().into()))
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A market and its rules of trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Market {
    /// US equities: whole shares, New York time, dollars.
    UnitedStates,
    /// A-shares: lots of 100, bought today cannot be sold today, Shanghai time, yuan.
    China,
    /// Coins: four decimals, every day, UTC, USDT.
    Crypto,
}

impl Market {
    /// The smallest quantity and the step between quantities.
    pub const fn lot(self) -> Quantity {
        match self {
            Self::UnitedStates => Quantity::from_units(1_000_000),
            Self::China => Quantity::from_units(100_000_000),
            Self::Crypto => Quantity::from_units(100),
        }
    }

    /// Whether shares bought on a date may be sold only from the next date on.
    pub const fn settles_next_day(self) -> bool {
        matches!(self, Self::China)
    }

    /// The time zone that dates its sessions, by its name in the zone database.
    pub const fn zone(self) -> &'static str {
        match self {
            Self::UnitedStates => "America/New_York",
            Self::China => "Asia/Shanghai",
            Self::Crypto => "UTC",
        }
    }

    /// The currency of its prices, ISO 4217 or the coin's ticker.
    pub const fn currency(self) -> &'static str {
        match self {
            Self::UnitedStates => "USD",
            Self::China => "CNY",
            Self::Crypto => "USDT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_upper_case_and_bounded() {
        assert_eq!("brk.b".parse::<Symbol>().unwrap().as_str(), "BRK.B");
        assert_eq!("".parse::<Symbol>(), Err(InvalidSymbol));
        assert_eq!("A B".parse::<Symbol>(), Err(InvalidSymbol));
        assert_eq!("A".repeat(33).parse::<Symbol>(), Err(InvalidSymbol));
    }

    #[test]
    fn the_suffix_decides_the_market() {
        let market = |text: &str| text.parse::<Symbol>().unwrap().market();
        assert_eq!(market("600519.SH"), Market::China);
        assert_eq!(market("BTC-USDT"), Market::Crypto);
        assert_eq!(market("AAPL"), Market::UnitedStates);
    }
}
