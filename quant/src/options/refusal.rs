//! Why an option has no value, or a value no volatility.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a figure of an option cannot be given. `Display` is a phrase for people: "price below intrinsic value".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionRefusal {
    /// An input was NaN or infinite, or the result would have been.
    NotFinite,
    /// The price of the underlying is below zero.
    SpotNegative,
    /// The strike is zero or below.
    StrikeNotPositive,
    /// The time to expiry is below zero.
    TimeNegative,
    /// The volatility is below zero.
    VolatilityNegative,
    /// Without volatility a forward at the strike has no delta: the value has a corner there.
    UndefinedAtCorner,
    /// Columns that belong together differ in length.
    LengthsDiffer,
    /// After expiry no volatility explains a price.
    Expired,
    /// The quoted price is zero or below.
    NoQuote,
    /// The price is not above the discounted intrinsic value, which every volatility exceeds.
    BelowIntrinsic,
    /// The price is not below the discounted spot (call) or strike (put), which no volatility reaches.
    AboveBound,
    /// The last digits of the price move the volatility by more than it may be uncertain.
    NotDetermined,
    /// The volatility would lie below the range in which it is looked for.
    BelowRange,
    /// The volatility would lie above the range in which it is looked for.
    AboveRange,
}

impl fmt::Display for OptionRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "not a finite number",
            Self::SpotNegative => "negative price of the underlying",
            Self::StrikeNotPositive => "zero or negative strike",
            Self::TimeNegative => "negative time to expiry",
            Self::VolatilityNegative => "negative volatility",
            Self::UndefinedAtCorner => "no volatility and the forward at the strike",
            Self::LengthsDiffer => "columns of different lengths",
            Self::Expired => "expired",
            Self::NoQuote => "no quoted price",
            Self::BelowIntrinsic => "price below intrinsic value",
            Self::AboveBound => "price above its upper bound",
            Self::NotDetermined => "volatility not determined by the price",
            Self::BelowRange => "volatility below the range",
            Self::AboveRange => "volatility above the range",
        })
    }
}

impl std::error::Error for OptionRefusal {}
