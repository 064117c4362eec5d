//! Listed options: what a contract is, and its OCC symbol both ways.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::position::OptionRight;
use crate::{Price, Symbol};

/// Most letters of an OCC root.
const ROOT_CHARS_MAX: usize = 6;
/// Date, right and strike behind the root.
const TAIL_CHARS: usize = 15;
/// OCC symbols count strikes in thousandths.
const PRICE_UNITS_PER_STRIKE_UNIT: i64 = 100_000;
/// Largest strike that eight digits of thousandths hold.
const STRIKE_UNITS_MAX: i64 = 99_999_999;

/// A listed option: the right to trade `underlying` at `strike` until `expiry`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OptionContract {
    /// What may be traded.
    pub underlying: Symbol,
    /// The last day of the right.
    pub expiry: Date,
    /// Which way.
    pub right: OptionRight,
    /// At which price per share.
    pub strike: Price,
}

/// Why something is not an option contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The root of an OCC symbol has one to six letters.
    #[error("the underlying must have 1 to {ROOT_CHARS_MAX} letters")]
    Root,
    /// Not a root, YYMMDD, C or P and eight digits.
    #[error(
        "an OCC symbol is a root of 1 to 6 letters, YYMMDD, C or P, and the strike in thousandths with 8 digits"
    )]
    Malformed,
    /// A day that no calendar has, or not of this century, as its two-digit years mean.
    #[error("the expiration date does not exist")]
    Date,
    /// Zero or less, too large, or finer than a thousandth.
    #[error("the strike must be above 0, at most 99999.999 and a multiple of 0.001")]
    Strike,
}

impl OptionContract {
    /// The contract of these parts, if an OCC symbol can name it.
    pub fn new(
        underlying: Symbol,
        expiry: Date,
        right: OptionRight,
        strike: Price,
    ) -> Result<Self, ContractError> {
        let contract = Self { underlying, expiry, right, strike };
        let root = contract.root();
        let is_root =
            (1..=ROOT_CHARS_MAX).contains(&root.len()) && root.chars().all(|c| c.is_ascii_uppercase());
        if !is_root {
            return Err(ContractError::Root);
        }
        if !(2000..2100).contains(&expiry.year()) {
            return Err(ContractError::Date);
        }
        let strike_units = strike.units() / PRICE_UNITS_PER_STRIKE_UNIT;
        let is_exact = strike_units * PRICE_UNITS_PER_STRIKE_UNIT == strike.units();
        if !is_exact || !(1..=STRIKE_UNITS_MAX).contains(&strike_units) {
            return Err(ContractError::Strike);
        }
        Ok(contract)
    }

    /// The underlying as OCC symbols write it: without the point or dash of a share class.
    pub fn root(&self) -> String {
        self.underlying.as_str().chars().filter(|character| !".-/".contains(*character)).collect()
    }

    /// The OCC symbol without padding: `SPY250919C00460000`.
    pub fn occ_symbol(&self) -> String {
        format!("{}{}", self.root(), self.tail())
    }

    /// The OCC symbol of 21 characters, its root padded with spaces.
    pub fn occ_symbol_padded(&self) -> String {
        format!("{:<ROOT_CHARS_MAX$}{}", self.root(), self.tail())
    }

    fn tail(&self) -> String {
        let right = match self.right {
            OptionRight::Call => 'C',
            OptionRight::Put => 'P',
        };
        let (year, month, day) = (self.expiry.year() % 100, self.expiry.month(), self.expiry.day());
        let strike = self.strike.units() / PRICE_UNITS_PER_STRIKE_UNIT;
        format!("{year:02}{month:02}{day:02}{right}{strike:08}")
    }

    /// Whether `text` has the shape of an OCC symbol, be its date possible or not.
    pub fn looks_like(text: &str) -> bool {
        parts(text).is_some()
    }
}

/// Root, date digits, right and strike digits of what has the shape of an OCC symbol.
fn parts(text: &str) -> Option<(&str, &str, OptionRight, &str)> {
    let (root, tail) = text.split_at_checked(text.len().checked_sub(TAIL_CHARS)?)?;
    // Only the padded form has spaces, and it has exactly as many as it needs.
    let is_padded = root.len() == ROOT_CHARS_MAX;
    let root = if is_padded { root.trim_end_matches(' ') } else { root };
    let is_root = (1..=ROOT_CHARS_MAX).contains(&root.len()) && root.chars().all(|c| c.is_ascii_alphabetic());
    let (date, tail) = tail.split_at_checked(6)?;
    let (right, strike) = tail.split_at_checked(1)?;
    let right = match right {
        "C" | "c" => OptionRight::Call,
        "P" | "p" => OptionRight::Put,
        _ => return None,
    };
    let is_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_root && is_digits(date) && is_digits(strike)).then_some((root, date, right, strike))
}

impl FromStr for OptionContract {
    type Err = ContractError;

    /// Reads both forms; case is folded to upper.
    fn from_str(text: &str) -> Result<Self, ContractError> {
        let (root, date, right, strike) = parts(text).ok_or(ContractError::Malformed)?;
        let number = |digits: Option<&str>| digits.and_then(|digits| digits.parse::<i8>().ok());
        let part = |from: usize| number(date.get(from..from + 2)).ok_or(ContractError::Malformed);
        let (year, month, day) = (part(0)?, part(2)?, part(4)?);
        let expiry = Date::new(2000 + i16::from(year), month, day).map_err(|_| ContractError::Date)?;
        let strike_units: i64 = strike.parse().map_err(|_| ContractError::Malformed)?;
        let underlying = root.parse().map_err(|_| ContractError::Root)?;
        Self::new(underlying, expiry, right, Price::from_units(strike_units * PRICE_UNITS_PER_STRIKE_UNIT))
    }
}

impl fmt::Display for OptionContract {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.occ_symbol())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn contract(text: &str) -> Result<OptionContract, ContractError> {
        text.parse()
    }

    #[test]
    fn occ_symbols_name_their_parts() {
        let spy = contract("SPY250919C00460000").unwrap();
        assert_eq!(
            (spy.underlying.as_str(), spy.expiry, spy.right),
            ("SPY", date(2025, 9, 19), OptionRight::Call)
        );
        assert_eq!(spy.strike, "460".parse().unwrap());
        let vix = contract("vix250716c00025000").unwrap();
        assert_eq!((vix.underlying.as_str(), vix.expiry), ("VIX", date(2025, 7, 16)));
        assert_eq!((vix.strike, vix.to_string()), ("25".parse().unwrap(), "VIX250716C00025000".to_owned()));
    }

    #[test]
    fn the_padded_form_is_the_same_contract() {
        let padded = "SPY   250919C00460000";
        assert_eq!(contract(padded), contract("SPY250919C00460000"));
        assert_eq!(contract(padded).unwrap().occ_symbol_padded(), padded);
        assert_eq!(contract("SPY  250919C00460000"), Err(ContractError::Malformed));
        assert_eq!(contract("      250919C00460000"), Err(ContractError::Malformed));
    }

    #[test]
    fn impossible_contracts_are_refused() {
        assert_eq!(contract("SPY250230C00460000"), Err(ContractError::Date));
        assert_eq!(contract("SPY251301P00460000"), Err(ContractError::Date));
        assert_eq!(contract("SPY250919C00000000"), Err(ContractError::Strike));
        for text in [
            "",
            "SPY",
            "SPY250919X00460000",
            "SPY250919C0046000",
            "ABCDEFG250919C00460000",
            "SP1250919C00460000",
            "ÄÖ250919C00460000",
        ] {
            assert_eq!(contract(text), Err(ContractError::Malformed), "{text}");
        }
        let finer = OptionContract::new(
            "SPY".parse().unwrap(),
            date(2025, 9, 19),
            OptionRight::Put,
            "1.0001".parse().unwrap(),
        );
        assert_eq!(finer, Err(ContractError::Strike));
        let long = OptionContract::new(
            "LONGNAME".parse().unwrap(),
            date(2025, 9, 19),
            OptionRight::Put,
            "1".parse().unwrap(),
        );
        assert_eq!(long, Err(ContractError::Root));
    }

    #[test]
    fn the_class_of_a_share_is_not_part_of_the_root() {
        let class = OptionContract::new(
            "BRK.B".parse().unwrap(),
            date(2025, 9, 19),
            OptionRight::Put,
            "500".parse().unwrap(),
        );
        assert_eq!(class.unwrap().occ_symbol(), "BRKB250919P00500000");
    }

    proptest! {
        #[test]
        fn every_contract_reads_back_from_both_forms(
            root in "[A-Z]{1,6}", days in 0_i64..36_000, strike in 1_i64..=STRIKE_UNITS_MAX, call in any::<bool>(),
        ) {
            let expiry = date(2000, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let right = if call { OptionRight::Call } else { OptionRight::Put };
            let contract = OptionContract::new(
                root.parse().unwrap(), expiry, right, Price::from_units(strike * PRICE_UNITS_PER_STRIKE_UNIT),
            ).unwrap();
            prop_assert_eq!(contract.occ_symbol().parse(), Ok(contract.clone()));
            prop_assert_eq!(contract.occ_symbol_padded().len(), 21);
            prop_assert_eq!(contract.occ_symbol_padded().parse(), Ok(contract));
        }
    }
}
