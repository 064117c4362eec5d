//! Decimal amounts of fixed scale: exact, and equal amounts have equal bytes.
//!
//! Each type is an integer count of its smallest unit, so sums are exact and fast; JSON carries decimal strings
//! without trailing zeros. Products round half to even, once, where they become [`Cash`].

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text or number is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one point and an optional sign.
    #[error("not a decimal number")]
    Malformed,
    /// More decimal places than the type keeps.
    #[error("more than {0} decimal places")]
    TooPrecise(u32),
    /// Outside the range of the type.
    #[error("outside the range of this amount")]
    OutOfRange,
}

macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident, $int:ty, $scale:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($int);

        impl $name {
            /// Decimal places.
            pub const SCALE: u32 = $scale;
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// The amount of `units` smallest units.
            pub const fn from_units(units: $int) -> Self {
                Self(units)
            }

            /// The amount as a count of its smallest unit (10^-SCALE).
            pub const fn units(self) -> $int {
                self.0
            }

            /// A whole number of them; `None` beyond the range.
            pub fn whole(number: i64) -> Option<Self> {
                <$int>::from(number).checked_mul((10 as $int).pow($scale)).map(Self)
            }

            /// For statistics: the one conversion from an exact amount to a float.
            pub fn to_f64(self) -> f64 {
                // Dividing by an exactly representable power of ten rounds once for every count below 2^53.
                self.0 as f64 / (10_i64.pow($scale) as f64)
            }

            /// Above zero.
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Exactly zero.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Below zero.
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// The amount without its sign.
            pub const fn abs(self) -> Self {
                Self(self.0.saturating_abs())
            }

            /// The amount as a `numeric` of the database.
            pub fn to_decimal(self) -> Decimal {
                Decimal::try_from_i128_with_scale(i128::from(self.0), $scale).unwrap_or(Decimal::MAX)
            }

            /// The amount that `decimal` is, without rounding.
            pub fn from_decimal(decimal: Decimal) -> Result<Self, AmountError> {
                let trimmed = decimal.normalize();
                if trimmed.scale() > $scale {
                    return Err(AmountError::TooPrecise($scale));
                }
                let units = 10_i128
                    .checked_pow($scale - trimmed.scale())
                    .and_then(|factor| trimmed.mantissa().checked_mul(factor))
                    .ok_or(AmountError::OutOfRange)?;
                <$int>::try_from(units).map(Self).map_err(|_| AmountError::OutOfRange)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(text_of(i128::from(self.0), $scale, &mut [0; TEXT_BYTES_MAX]))
            }
        }

        impl FromStr for $name {
            type Err = AmountError;

            fn from_str(text: &str) -> Result<Self, AmountError> {
                <$int>::try_from(units_of(text, $scale)?).map(Self).map_err(|_| AmountError::OutOfRange)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(text_of(i128::from(self.0), $scale, &mut [0; TEXT_BYTES_MAX]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(formatter, "a decimal string with at most {} places", $scale)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(self.0.saturating_neg())
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::ZERO, Add::add)
            }
        }
    };
}

fixed! {
    /// An amount of money in the currency of its account, six decimals.
    Cash, i128, 6
}
fixed! {
    /// The price of one share or coin in the currency of its market, eight decimals.
    Price, i64, 8
}
fixed! {
    /// A number of shares or coins, six decimals; negative where a position is short.
    Quantity, i64, 6
}
fixed! {
    /// A fraction of one (0.001 is a tenth of a percent), eight decimals.
    Rate, i64, 8
}

impl Cash {
    /// What `quantity` costs at `price`: rounded half to even to six decimals.
    pub fn of(quantity: Quantity, price: Price) -> Self {
        Self::from_value_units(value_units(quantity, price))
    }

    /// The share `rate` of this amount, rounded half to even.
    pub fn share(self, rate: Rate) -> Self {
        Self(divide_half_even(self.0.saturating_mul(i128::from(rate.0)), 10_i128.pow(Rate::SCALE)))
    }

    /// The sum of products of [`value_units`] as money: the only rounding of a valuation.
    pub fn from_value_units(units: i128) -> Self {
        Self(divide_half_even(units, 10_i128.pow(Quantity::SCALE + Price::SCALE - Self::SCALE)))
    }

    /// This amount times `part` divided by `whole`, rounded half to even; zero when `whole` is zero.
    pub fn portion(self, part: Quantity, whole: Quantity) -> Self {
        if whole.is_zero() {
            return Self::ZERO;
        }
        Self(divide_half_even(self.0.saturating_mul(i128::from(part.0)), i128::from(whole.0)))
    }

    /// How many whole lots of `lot` this amount buys at `price`; zero for a price that is not positive.
    pub fn affords(self, price: Price, lot: Quantity) -> Quantity {
        let lot_cost = value_units(lot, price);
        if lot_cost <= 0 || self.0 <= 0 {
            return Quantity::ZERO;
        }
        let in_value_units = self.0.saturating_mul(10_i128.pow(Quantity::SCALE + Price::SCALE - Self::SCALE));
        let lots = in_value_units / lot_cost;
        Quantity(i64::try_from(lots.saturating_mul(i128::from(lot.0))).unwrap_or(i64::MAX))
    }
}

impl Rate {
    /// All of something.
    pub const WHOLE: Self = Self(100_000_000);
}

impl Price {
    /// This price moved by `rate` upwards (or downwards when negative), rounded half to even.
    pub fn moved(self, rate: Rate) -> Self {
        let one = 10_i128.pow(Rate::SCALE);
        let units = divide_half_even(i128::from(self.0).saturating_mul(one + i128::from(rate.0)), one);
        Self(i64::try_from(units).unwrap_or(i64::MAX))
    }
}

/// The exact product of a quantity and a price in units of 10^-14; sums of these stay exact.
pub const fn value_units(quantity: Quantity, price: Price) -> i128 {
    (quantity.0 as i128) * (price.0 as i128)
}

/// The quotient rounded half to even; `divisor` must not be zero.
pub(crate) fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    let twice = remainder.unsigned_abs().saturating_mul(2);
    let away = twice > divisor.unsigned_abs() || (twice == divisor.unsigned_abs() && quotient % 2 != 0);
    if !away {
        quotient
    } else if (dividend < 0) == (divisor < 0) {
        quotient + 1
    } else {
        quotient - 1
    }
}

/// Sign, 39 digits of an `i128`, a point and a leading zero.
const TEXT_BYTES_MAX: usize = 48;

/// Writes `units` as a decimal without trailing zeros, from the back of `buffer`.
fn text_of(units: i128, scale: u32, buffer: &mut [u8; TEXT_BYTES_MAX]) -> &str {
    let mut start = TEXT_BYTES_MAX;
    let mut put = |byte: u8| {
        start = start.saturating_sub(1);
        if let Some(slot) = buffer.get_mut(start) {
            *slot = byte;
        }
    };
    let (whole, mut fraction) = split_at_point(units.unsigned_abs(), scale);
    if fraction > 0 {
        let mut kept = false;
        for _ in 0..scale {
            let digit = fraction % 10;
            fraction /= 10;
            kept = kept || digit > 0;
            if kept {
                put(digit_of(digit));
            }
        }
        put(b'.');
    }
    match u64::try_from(whole) {
        Ok(mut small) => loop {
            put(digit_of(small % 10));
            small /= 10;
            if small == 0 {
                break;
            }
        },
        Err(_) => {
            let mut large = whole;
            while large > 0 {
                put(digit_of(u64::try_from(large % 10).unwrap_or(0)));
                large /= 10;
            }
        }
    }
    if units < 0 {
        put(b'-');
    }
    buffer.get(start..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
}

/// What stands before and behind the point. Most amounts fit 64 bits, whose division is several times faster.
fn split_at_point(units: u128, scale: u32) -> (u128, u64) {
    let one = 10_u64.pow(scale);
    match u64::try_from(units) {
        Ok(small) => (u128::from(small / one), small % one),
        Err(_) => {
            let one = u128::from(one);
            (units / one, u64::try_from(units % one).unwrap_or(0))
        }
    }
}

fn digit_of(number: u64) -> u8 {
    b'0' + u8::try_from(number).unwrap_or(0)
}

fn units_of(text: &str, scale: u32) -> Result<i128, AmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return Err(AmountError::Malformed);
    }
    let kept = fraction.trim_end_matches('0');
    let missing = (scale as usize).checked_sub(kept.len()).ok_or(AmountError::TooPrecise(scale))?;
    let mut units: i128 = 0;
    for byte in whole.bytes().chain(kept.bytes()).chain(std::iter::repeat_n(b'0', missing)) {
        units = units
            .checked_mul(10)
            .and_then(|shifted| shifted.checked_add(i128::from(byte - b'0')))
            .ok_or(AmountError::OutOfRange)?;
    }
    Ok(if negative { -units } else { units })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cash(text: &str) -> Cash {
        text.parse().unwrap()
    }

    #[test]
    fn a_purchase_and_its_fee_round_half_to_even_once() {
        let executed: Price = "100.05".parse().unwrap();
        let fifty = Quantity::whole(50).unwrap();
        let notional = Cash::of(fifty, executed);
        assert_eq!(notional, cash("5002.5"));
        assert_eq!(notional.share("0.001".parse().unwrap()), cash("5.0025"));
        assert_eq!(Cash::of("0.000001".parse().unwrap(), "0.5".parse().unwrap()), Cash::ZERO);
        assert_eq!(Cash::of("0.000003".parse().unwrap(), "0.5".parse().unwrap()), cash("0.000002"));
    }

    #[test]
    fn text_has_no_trailing_zeros_and_keeps_its_sign() {
        assert_eq!(cash("-0.500000").to_string(), "-0.5");
        assert_eq!(cash("10000.000000").to_string(), "10000");
        assert_eq!(serde_json::to_string(&cash("71.75")).unwrap(), "\"71.75\"");
        assert_eq!("1.2345678".parse::<Cash>(), Err(AmountError::TooPrecise(6)));
        for text in ["", ".", "1.", ".5", "1e3", "+1", "1,000", "--1", "1.2.3", " 1"] {
            assert_eq!(text.parse::<Cash>(), Err(AmountError::Malformed), "{text:?}");
        }
        assert_eq!("99999999999999".parse::<Price>(), Err(AmountError::OutOfRange));
    }

    #[test]
    fn cash_affords_whole_lots_only() {
        let hundred = Quantity::whole(100).unwrap();
        let one = Quantity::whole(1).unwrap();
        let price: Price = "99.99".parse().unwrap();
        assert_eq!(cash("10000").affords(price, one), Quantity::whole(100).unwrap());
        assert_eq!(cash("9998.99").affords(price, hundred), Quantity::ZERO);
        assert_eq!(cash("-5").affords(price, one), Quantity::ZERO);
    }

    proptest! {
        #[test]
        fn every_amount_reads_back_from_its_text_and_from_numeric(units in -1_i128 << 90..1_i128 << 90) {
            let amount = Cash::from_units(units);
            prop_assert_eq!(amount.to_string().parse::<Cash>(), Ok(amount));
            prop_assert_eq!(Cash::from_decimal(amount.to_decimal()), Ok(amount));
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Cash>(&json).unwrap(), amount);
        }

        #[test]
        fn rounding_agrees_with_an_independent_decimal(quantity in -1_000_000_000_i64..1_000_000_000, price in 1_i64..1_000_000_000_000) {
            let product = Quantity::from_units(quantity).to_decimal() * Price::from_units(price).to_decimal();
            let expected = product.round_dp_with_strategy(6, rust_decimal::RoundingStrategy::MidpointNearestEven);
            prop_assert_eq!(Cash::of(Quantity::from_units(quantity), Price::from_units(price)).to_decimal(), expected);
        }

        #[test]
        fn what_cash_affords_can_be_paid_and_one_lot_more_cannot(units in 1_i128..1_i128 << 60, price in 1_i64..1_000_000_000_000, lot in 1_i64..1_000) {
            let (cash, price, lot) = (Cash::from_units(units), Price::from_units(price), Quantity::whole(lot).unwrap());
            let bought = cash.affords(price, lot);
            prop_assume!(bought.units() < i64::MAX - lot.units());
            let exact = units * 100_000_000;
            prop_assert!(value_units(bought, price) <= exact);
            prop_assert!(value_units(bought + lot, price) > exact);
        }
    }
}
