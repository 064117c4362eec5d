//! Money out of statistics: rounded once, where it is shown.

use events::{Cash, Price};
use rust_decimal::prelude::FromPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// An amount of money to cents, halves away from zero; none for what is no number or beyond all money.
pub fn dollars(amount: f64) -> Option<Cash> {
    let exact = Decimal::from_f64(amount)?;
    let cents = exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    Cash::from_decimal(cents).ok()
}

/// A price per unit to four decimals, halves away from zero; none for what is no number or beyond all prices.
pub fn unit_price(amount: f64) -> Option<Price> {
    let exact = Decimal::from_f64(amount)?;
    Price::from_decimal(exact.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_rounded_to_cents() {
        let text = |amount| dollars(amount).map(|cash| cash.to_string());
        assert_eq!(text(-78_060.000_000_000_01).as_deref(), Some("-78060"));
        assert_eq!(text(0.125).as_deref(), Some("0.13"));
        assert_eq!(text(-0.125).as_deref(), Some("-0.13"));
        assert_eq!(text(f64::NAN), None);
        assert_eq!(text(1e300), None);
    }
}
