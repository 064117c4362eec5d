//! Money for tokens: US dollars with more places than the ledger's, because a token costs a fraction of a millionth.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// US dollars, never negative, exact to twelve places: a price per million tokens times a number of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Decimal", into = "Decimal")]
pub struct Cost(Decimal);

/// The amount is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cost cannot be negative or larger than can be written")]
pub struct InvalidCost;

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// Decimal places.
    pub const SCALE: u32 = 12;

    /// An amount of dollars, rounded half to even at the last place.
    ///
    /// # Errors
    /// The amount is negative.
    pub fn new(dollars: Decimal) -> Result<Self, InvalidCost> {
        if dollars.is_sign_negative() && !dollars.is_zero() {
            return Err(InvalidCost);
        }
        Ok(Self(dollars.round_dp(Self::SCALE).normalize()))
    }

    /// What `tokens` cost at this price for a million.
    pub(super) fn of_tokens(tokens: u64, per_million: Self) -> Self {
        let million = Decimal::from(1_000_000);
        let amount = per_million.0.checked_mul(Decimal::from(tokens)).map(|amount| amount / million);
        Self(amount.unwrap_or(Decimal::MAX)).rounded()
    }

    /// The sum; what is too large to be written stays the largest amount.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).unwrap_or(Decimal::MAX)).rounded()
    }

    /// The amount in dollars.
    pub const fn dollars(self) -> Decimal {
        self.0
    }

    fn rounded(self) -> Self {
        Self(self.0.round_dp(Self::SCALE).normalize())
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Cost {
    type Err = InvalidCost;

    fn from_str(text: &str) -> Result<Self, InvalidCost> {
        Decimal::from_str(text)
            .or_else(|_| Decimal::from_scientific(text))
            .map_err(|_| InvalidCost)
            .and_then(Self::new)
    }
}

impl TryFrom<Decimal> for Cost {
    type Error = InvalidCost;

    fn try_from(dollars: Decimal) -> Result<Self, InvalidCost> {
        Self::new(dollars)
    }
}

impl From<Cost> for Decimal {
    fn from(cost: Cost) -> Self {
        cost.0
    }
}

/// Why nobody knows what a call cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCost {
    /// Its tokens are not known.
    UsageUnknown,
    /// The model has no price in the table, or its provider none at all.
    PriceUnknown,
}

/// What a call cost and how that is known, or why it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum CostFact {
    /// The provider said so.
    Stated {
        /// What it charges.
        cost: Cost,
    },
    /// The provider's tokens times the prices of a table.
    Computed {
        /// What that makes.
        cost: Cost,
        /// The version of the table.
        table: String,
    },
    /// The provider is free.
    Free,
    /// No provider took the call.
    NotCalled,
    /// Nobody knows.
    Unknown {
        /// Why.
        because: UnknownCost,
    },
}

impl CostFact {
    /// The amount, if it is known.
    pub const fn amount(&self) -> Option<Cost> {
        match self {
            Self::Stated { cost } | Self::Computed { cost, .. } => Some(*cost),
            Self::Free | Self::NotCalled => Some(Cost::ZERO),
            Self::Unknown { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn costs_are_exact() {
        let price: Cost = "0.15".parse().unwrap();
        assert_eq!(Cost::of_tokens(1, price).to_string(), "0.00000015");
        let many = (0..1_000_000).fold(Cost::ZERO, |sum, _| sum.plus(Cost::of_tokens(1, price)));
        assert_eq!(many, price);
        assert_eq!(serde_json::to_value(price).unwrap(), "0.15");
        assert_eq!("1.5e-7".parse::<Cost>().unwrap().to_string(), "0.00000015");
        assert!("-1".parse::<Cost>().is_err() && "much".parse::<Cost>().is_err());
    }
}
