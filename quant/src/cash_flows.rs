//! Returns in the presence of payments: of the money (XIRR) and of the time it was invested (TWR).

use crate::figure::{Because, Figure, Unavailable, finite, positive};
use crate::returns::CALENDAR_DAYS_PER_YEAR;

/// Steps of the search for a bracket, each wider than the last by half: the last reaches a factor of e^700 a year.
const BRACKET_STEPS: u32 = 28;
const BRACKET_FIRST: f64 = 0.01;
const BRACKET_GROWTH: f64 = 1.5;
const ITERATIONS_MAX: u32 = 200;

/// A payment between an investor and an investment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CashFlow {
    /// Day number in any calendar that counts every day.
    pub day: i64,
    /// Paid in negative, taken out positive; the value at the end counts as taken out.
    pub amount: f64,
}

/// The yearly rate x with Σ amount / (1 + x)^(days / 365) = 0, a fraction above -1, or -1 where nothing that
/// sixteen digits can show is left; the order of the flows does not matter.
///
/// Flows that change sign more than once can have several rates: the one nearest to zero, as measured by |ln(1 + x)|,
/// is given, up to the steps of the search, which double roots escape. Refused unless there are payments and
/// receipts, on different days.
pub fn xirr(flows: &[CashFlow]) -> Figure {
    let worth = NetWorth::of(flows)?;
    let (mut low, mut high) = worth.bracket()?;
    let mut at_low = worth.at(low).0;
    if at_low == 0.0 {
        return finite(libm::expm1(low));
    }
    let mut rate = 0.5 * (low + high);
    for _ in 0..ITERATIONS_MAX {
        let (value, slope) = worth.at(rate);
        if value == 0.0 {
            break;
        }
        if (value > 0.0) == (at_low > 0.0) {
            (low, at_low) = (rate, value);
        } else {
            high = rate;
        }
        // Newton's step where it stays in the bracket, else half of it.
        let newton = rate - value / slope;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if next == rate || high - low <= f64::EPSILON * low.abs().max(high.abs()) {
            break;
        }
        rate = next;
    }
    finite(libm::expm1(rate))
}

/// The flows with their ages in years, scaled so that the largest amount is one.
struct NetWorth {
    flows: Vec<(f64, f64)>,
    years: f64,
}

impl NetWorth {
    fn of(flows: &[CashFlow]) -> Result<Self, Unavailable> {
        let mut largest: f64 = 0.0;
        for flow in flows {
            largest = largest.max(finite(flow.amount)?.abs());
        }
        let (Some(first), Some(last)) =
            (flows.iter().map(|flow| flow.day).min(), flows.iter().map(|flow| flow.day).max())
        else {
            return Err(Because::NoPoints.into());
        };
        let paid = flows.iter().any(|flow| flow.amount < 0.0);
        let received = flows.iter().any(|flow| flow.amount > 0.0);
        if !(paid && received) {
            return Err(Because::NoSignChange.into());
        }
        if first == last {
            return Err(Because::TooFewCalendarDays { needed: 1 }.into());
        }
        let years = |day: i64| (day as f64 - first as f64) / CALENDAR_DAYS_PER_YEAR;
        Ok(Self {
            flows: flows.iter().map(|flow| (years(flow.day), flow.amount / largest)).collect(),
            years: years(last),
        })
    }

    /// Σ c e^(-u t) and its derivative by u, at the logarithm u of a year's growth. Below zero the sum is multiplied by
    /// e^(u T), with T the last age, so that no exponent is ever positive; that moves no root.
    fn at(&self, rate: f64) -> (f64, f64) {
        let from = if rate < 0.0 { self.years } else { 0.0 };
        let (mut value, mut slope) = (0.0, 0.0);
        for (years, amount) in &self.flows {
            let term = amount * libm::exp(-rate * (years - from));
            value += term;
            slope -= term * (years - from);
        }
        (value, slope)
    }

    /// Neighbouring points of the search between which the sign changes, nearest to zero.
    fn bracket(&self) -> Result<(f64, f64), Unavailable> {
        let sign = |rate: f64| self.at(rate).0 >= 0.0;
        let at_zero = sign(0.0);
        let (mut near, mut above, mut below) = (0.0, at_zero, at_zero);
        let mut width = BRACKET_FIRST;
        for _ in 0..BRACKET_STEPS {
            let far = near + width;
            if sign(far) != above {
                return Ok((near, far));
            }
            if sign(-far) != below {
                return Ok((-far, -near));
            }
            (above, below) = (sign(far), sign(-far));
            near = far;
            width *= BRACKET_GROWTH;
        }
        Err(Because::NoRate.into())
    }
}

/// What a portfolio was worth at the end of a day, and what was then paid in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Valuation {
    /// Value before the payment, at least zero.
    pub value: f64,
    /// Paid in after it positive, taken out negative.
    pub flow: f64,
}

/// Π value_i / (value_{i-1} + flow_{i-1}) - 1, a fraction, not annualised: the return of a unit that stayed invested.
/// Needs two valuations, and something invested between any two.
pub fn time_weighted_return(valuations: &[Valuation]) -> Figure {
    if valuations.len() < 2 {
        return Err(Because::TooFewReturns { needed: 1 }.into());
    }
    let mut growth = 1.0;
    for (before, after) in valuations.iter().zip(valuations.iter().skip(1)) {
        let invested = positive(before.value + before.flow, Because::EquityNotPositive)?;
        if finite(after.value)? < 0.0 {
            return Err(Because::EquityNotPositive.into());
        }
        growth *= after.value / invested;
    }
    finite(growth - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(flows: &[(i64, f64)]) -> Figure {
        xirr(&flows.iter().map(|(day, amount)| CashFlow { day: *day, amount: *amount }).collect::<Vec<_>>())
    }

    #[track_caller]
    fn near(figure: Figure, expected: f64) {
        let value = figure.unwrap();
        assert!((value - expected).abs() <= 1e-14 * expected.abs().max(1.0), "{value} is not {expected}");
    }

    #[test]
    fn a_year_at_ten_percent() {
        near(rate(&[(0, -100.0), (365, 110.0)]), 0.1);
        near(rate(&[(365, 110.0), (0, -100.0)]), 0.1);
        near(rate(&[(0, 100.0), (365, -110.0)]), 0.1);
        near(rate(&[(0, -100.0), (365, -100.0), (730, 231.0)]), 0.1);
        near(rate(&[(7, -1.0), (372, 1.0)]), 0.0);
    }

    #[test]
    fn extreme_rates_are_found() {
        near(rate(&[(0, -100.0), (365, 1e-6)]), -1.0 + 1e-8);
        let doubled_in_a_day = rate(&[(0, -1.0), (1, 2.0)]).unwrap();
        assert!((libm::log(doubled_in_a_day) / (365.0 * 2f64.ln()) - 1.0).abs() < 1e-14);
        near(rate(&[(0, -1e-300), (3650, 1e-300)]), 0.0);
        near(rate(&[(0, -1e300), (365, 1e300 * 1.5)]), 0.5);
    }

    #[test]
    fn of_several_rates_the_nearest_to_zero_is_given() {
        // -1 + 2.3/(1+x) - 1.32/(1+x)² has the roots 0.1 and 0.2.
        near(rate(&[(0, -100.0), (365, 230.0), (730, -132.0)]), 0.1);
    }

    #[test]
    fn payments_without_receipts_have_no_rate() {
        let refused = |because: Because| Err(because.into());
        assert_eq!(rate(&[]), refused(Because::NoPoints));
        assert_eq!(rate(&[(0, -1.0), (9, -2.0)]), refused(Because::NoSignChange));
        assert_eq!(rate(&[(0, 0.0), (9, 0.0)]), refused(Because::NoSignChange));
        assert_eq!(rate(&[(3, -1.0), (3, 2.0)]), refused(Because::TooFewCalendarDays { needed: 1 }));
        assert_eq!(rate(&[(0, -1.0), (9, f64::NAN)]), refused(Because::NotFinite));
        assert_eq!(rate(&[(0, 1.0), (365, -1.0), (730, 1.0)]), refused(Because::NoRate));
        assert!(rate(&[(i64::MIN, -1.0), (i64::MAX, 2.0)]).is_ok());
    }

    #[test]
    fn payments_do_not_change_the_time_weighted_return() {
        let quiet = [(100.0, 0.0), (110.0, 0.0), (99.0, 0.0)];
        let paid = [(0.0, 100.0), (110.0, 890.0), (900.0, 0.0)];
        for valuations in [quiet, paid] {
            let valuations = valuations.map(|(value, flow)| Valuation { value, flow });
            near(time_weighted_return(&valuations), -0.01);
        }
    }

    #[test]
    fn nothing_invested_has_no_time_weighted_return() {
        let twr = |pairs: &[(f64, f64)]| {
            time_weighted_return(
                &pairs
                    .iter()
                    .map(|(value, flow)| Valuation { value: *value, flow: *flow })
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(twr(&[(100.0, -100.0), (1.0, 0.0)]), Err(Because::EquityNotPositive.into()));
        assert_eq!(twr(&[(100.0, 0.0), (-1.0, 0.0)]), Err(Because::EquityNotPositive.into()));
        assert_eq!(twr(&[(100.0, 0.0), (f64::INFINITY, 0.0)]), Err(Because::NotFinite.into()));
        assert_eq!(twr(&[(100.0, 0.0)]), Err(Because::TooFewReturns { needed: 1 }.into()));
        assert_eq!(twr(&[(100.0, 0.0), (0.0, 0.0)]), Ok(-1.0));
    }
}
