//! The vocabulary of positions: symbols, types, classes and accounts, by the names that the API and files use.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Symbol;

/// A name that is none of those that a field knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {known}")]
pub struct UnknownName {
    /// The names that are known.
    pub known: String,
}

/// Declares an enum of names: `Variant = "NAME"`; text, JSON and files use the names, reading folds case.
macro_rules! named {
    ($(#[$doc:meta])* pub enum $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $text:literal, )+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name { $( $(#[$variant_doc])* #[serde(rename = $text)] $variant, )+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The name used in the API, the database and files.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.pad(self.name())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::position::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|known| known.name().eq_ignore_ascii_case(text.trim()));
                found.copied().ok_or_else(|| $crate::position::UnknownName { known: [ $( $text, )+ ].join(", ") })
            }
        }
    };
}
pub(crate) use named;

/// Longest symbol of a position, in characters.
pub const POSITION_SYMBOL_CHARS_MAX: usize = 64;

/// What a position is called: a traded symbol, an OCC symbol, or a placeholder of what no market trades
/// (`FO_ART_COLLECTIVE`). The same characters as a [`Symbol`], in upper case, but up to twice as many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionSymbol(Arc<str>);

/// The text cannot be the symbol of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a symbol is 1 to {POSITION_SYMBOL_CHARS_MAX} letters, digits or . - ^ = / _")]
pub struct InvalidPositionSymbol;

impl PositionSymbol {
    /// The symbol as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The symbol under which markets trade it; none if it is too long for one.
    pub fn traded(&self) -> Option<Symbol> {
        self.0.parse().ok()
    }
}

impl From<&Symbol> for PositionSymbol {
    fn from(symbol: &Symbol) -> Self {
        Self(symbol.as_str().into())
    }
}

impl fmt::Display for PositionSymbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for PositionSymbol {
    type Err = InvalidPositionSymbol;

    /// Case is folded to upper.
    fn from_str(text: &str) -> Result<Self, InvalidPositionSymbol> {
        let allowed = |character: char| character.is_ascii_alphanumeric() || ".-^=/_".contains(character);
        if text.is_empty() || text.len() > POSITION_SYMBOL_CHARS_MAX || !text.chars().all(allowed) {
            return Err(InvalidPositionSymbol);
        }
        Ok(Self(text.to_ascii_uppercase().into()))
    }
}

impl Serialize for PositionSymbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PositionSymbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

named! {
    /// What the holder of an option may do.
    pub enum OptionRight {
        /// Buy the underlying at the strike.
        Call = "CALL",
        /// Sell the underlying at the strike.
        Put = "PUT",
    }
}

named! {
    /// Which way a position looks, and through what.
    pub enum PositionType {
        /// Shares that are held.
        Long = "LONG",
        /// Shares sold that are owed.
        Short = "SHORT",
        /// Calls that are held.
        LongCall = "LC",
        /// Puts that are held.
        LongPut = "LP",
        /// Calls that were written.
        ShortCall = "SC",
        /// Puts that were written.
        ShortPut = "SP",
    }
}

impl PositionType {
    /// Whether its quantity is positive.
    pub const fn is_long(self) -> bool {
        match self {
            Self::Long | Self::LongCall | Self::LongPut => true,
            Self::Short | Self::ShortCall | Self::ShortPut => false,
        }
    }

    /// The right of the options that it is made of; none for shares.
    pub const fn right(self) -> Option<OptionRight> {
        match self {
            Self::LongCall | Self::ShortCall => Some(OptionRight::Call),
            Self::LongPut | Self::ShortPut => Some(OptionRight::Put),
            Self::Long | Self::Short => None,
        }
    }
}

named! {
    /// How a position is priced.
    pub enum InvestmentClass {
        /// By a market's closes.
        Public = "PUBLIC",
        /// By a market or a model of option prices.
        Options = "OPTIONS",
        /// By its owner's marks.
        Private = "PRIVATE",
    }
}

named! {
    /// What a position is within its class.
    pub enum InvestmentSubtype {
        /// Shares of a company.
        Stock = "STOCK",
        /// Shares of an exchange-traded fund.
        Etf = "ETF",
        /// Units of an open fund.
        MutualFund = "MUTUAL_FUND",
        /// A listed bond.
        Bond = "BOND",
        /// Cash, or what stands for it.
        Cash = "CASH",
        /// A call option.
        Call = "CALL",
        /// A put option.
        Put = "PUT",
        /// A stake in a company that is not listed.
        PrivateEquity = "PRIVATE_EQUITY",
        /// A stake in a young company.
        VentureCapital = "VENTURE_CAPITAL",
        /// A share of a hedge fund.
        HedgeFund = "HEDGE_FUND",
        /// An unlisted real-estate trust.
        PrivateReit = "PRIVATE_REIT",
        /// A building or land.
        RealEstate = "REAL_ESTATE",
        /// Coins.
        Cryptocurrency = "CRYPTOCURRENCY",
        /// Works of art.
        Art = "ART",
        /// A money-market holding without a ticker.
        MoneyMarket = "MONEY_MARKET",
        /// Bills of the treasury.
        TreasuryBills = "TREASURY_BILLS",
        /// Raw materials.
        Commodity = "COMMODITY",
        /// What no other name fits.
        Other = "OTHER",
    }
}

impl InvestmentSubtype {
    /// Whether positions of `class` may have this subtype.
    pub const fn belongs_to(self, class: InvestmentClass) -> bool {
        match self {
            Self::Stock | Self::Etf | Self::MutualFund | Self::Bond => {
                matches!(class, InvestmentClass::Public)
            }
            Self::Cash => matches!(class, InvestmentClass::Public | InvestmentClass::Private),
            Self::Call | Self::Put => matches!(class, InvestmentClass::Options),
            Self::PrivateEquity
            | Self::VentureCapital
            | Self::HedgeFund
            | Self::PrivateReit
            | Self::RealEstate
            | Self::Cryptocurrency
            | Self::Art
            | Self::MoneyMarket
            | Self::TreasuryBills
            | Self::Commodity
            | Self::Other => matches!(class, InvestmentClass::Private),
        }
    }

    /// The subtype by its name or one that people use for it (`CRYPTO`).
    pub fn by_name(text: &str) -> Result<Self, UnknownName> {
        if text.trim().eq_ignore_ascii_case("CRYPTO") {
            return Ok(Self::Cryptocurrency);
        }
        text.parse()
    }
}

named! {
    /// What kind of account holds a portfolio.
    pub enum AccountType {
        /// An ordinary one.
        Taxable = "taxable",
        /// A retirement account.
        Ira = "ira",
        /// A retirement account of taxed money.
        RothIra = "roth_ira",
        /// An employer's retirement plan.
        Plan401k = "401k",
        /// A retirement plan of schools and charities.
        Plan403b = "403b",
        /// A savings plan for education.
        Plan529 = "529",
        /// A health savings account.
        Hsa = "hsa",
        /// A trust.
        Trust = "trust",
        /// Another one.
        Other = "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_positions_are_longer_than_those_of_markets() {
        let placeholder: PositionSymbol = "fo_art_collective".parse().unwrap();
        assert_eq!(placeholder.as_str(), "FO_ART_COLLECTIVE");
        let long: PositionSymbol = "A".repeat(64).parse().unwrap();
        assert_eq!(long.traded(), None);
        assert_eq!("A".repeat(65).parse::<PositionSymbol>(), Err(InvalidPositionSymbol));
        assert_eq!("".parse::<PositionSymbol>(), Err(InvalidPositionSymbol));
        assert_eq!("A B".parse::<PositionSymbol>(), Err(InvalidPositionSymbol));
        assert_eq!(PositionSymbol::from(&"SPY".parse().unwrap()).traded(), Some("SPY".parse().unwrap()));
    }

    #[test]
    fn names_read_back_and_json_carries_them() {
        for known in PositionType::ALL {
            assert_eq!(known.name().parse(), Ok(*known));
            assert_eq!(serde_json::to_string(known).unwrap(), format!("\"{known}\""));
        }
        assert_eq!("roth_IRA".parse(), Ok(AccountType::RothIra));
        assert_eq!(InvestmentSubtype::by_name("crypto"), Ok(InvestmentSubtype::Cryptocurrency));
        assert_eq!(
            "BUY".parse::<PositionType>().unwrap_err().to_string(),
            "must be one of LONG, SHORT, LC, LP, SC, SP"
        );
    }
}
