//! A position of options or shares: its Greeks, its exposure, and what a shock does to it.

use crate::options::black_scholes::price;
use crate::options::greeks::QuotedGreeks;
use crate::options::{DAYS_PER_YEAR, OptionMarket, OptionRefusal, OptionTerms, finite};

/// How much of an instrument is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding {
    /// Contracts or shares, negative if short.
    pub quantity: f64,
    /// Shares per contract: 100 for listed options, 1 for shares.
    pub multiplier: f64,
}

/// What a position is worth and how it moves, in currency and for the whole position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionGreeks {
    /// Signed market value.
    pub value: f64,
    /// Per 1 of the underlying: shares that move alike. Not to be summed over different underlyings.
    pub delta: f64,
    /// Change of delta per 1 of the underlying.
    pub gamma: f64,
    /// Per calendar day.
    pub theta_per_day: f64,
    /// Per volatility point.
    pub vega_per_point: f64,
    /// Per 1 % of the rate.
    pub rho_per_percent: f64,
    /// Delta times spot, in currency: the delta-adjusted exposure. May be summed over underlyings.
    pub dollar_delta: f64,
    /// Change of `dollar_delta`'s delta for 1 % of the underlying: gamma · S² · 0.01. May be summed.
    pub gamma_1pct: f64,
}

/// The Greeks of a position: signed quantity times multiplier times those of a share.
pub fn position_greeks(
    greeks: &QuotedGreeks,
    spot: f64,
    holding: &Holding,
) -> Result<PositionGreeks, OptionRefusal> {
    let shares = holding.quantity * holding.multiplier;
    let (delta, gamma) = (shares * greeks.delta, shares * greeks.gamma);
    let position = PositionGreeks {
        value: shares * greeks.price,
        delta,
        gamma,
        theta_per_day: shares * greeks.theta_per_day,
        vega_per_point: shares * greeks.vega_per_point,
        rho_per_percent: shares * greeks.rho_per_percent,
        dollar_delta: delta * spot,
        gamma_1pct: gamma * spot * spot * 0.01,
    };
    finite(position.value + position.theta_per_day + position.vega_per_point + position.rho_per_percent)?;
    finite(position.dollar_delta + position.gamma_1pct)?;
    Ok(position)
}

/// Exposure of a position by its delta: quantity · multiplier · delta · spot, in currency.
pub fn delta_adjusted_exposure(delta: f64, spot: f64, holding: &Holding) -> Result<f64, OptionRefusal> {
    finite(holding.quantity * holding.multiplier * delta * spot)
}

/// What happens to the underlying and its volatility, and how much time passes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shock {
    /// Return of the underlying, a fraction; below -1 it counts as -1, since a price ends at zero.
    pub spot_return: f64,
    /// Added to the volatility, a fraction (0.10 for ten points); the sum ends at zero.
    pub volatility_shift: f64,
    /// Calendar days that pass.
    pub days: f64,
}

/// How a [`Revaluation`] was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevaluationMethod {
    /// The option was priced again.
    Full,
    /// From the Greeks before the shock, to second order in the underlying.
    DeltaGammaVega,
}

/// What a shock gains or loses, and how that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Revaluation {
    /// In currency, negative for a loss.
    pub pnl: f64,
    /// How it was made.
    pub method: RevaluationMethod,
}

impl Shock {
    fn spot_return(&self) -> f64 {
        self.spot_return.max(-1.0)
    }

    fn checked(&self) -> Result<(), OptionRefusal> {
        finite(self.spot_return + self.volatility_shift + self.days)?;
        if self.days < 0.0 { Err(OptionRefusal::TimeNegative) } else { Ok(()) }
    }
}

/// Prices the option before and after the shock. An option that expires within it is worth its intrinsic value then.
pub fn full_revaluation(
    terms: &OptionTerms,
    market: &OptionMarket,
    volatility: f64,
    holding: &Holding,
    shock: &Shock,
) -> Result<Revaluation, OptionRefusal> {
    shock.checked()?;
    let before = price(terms, market, volatility)?;
    let later = OptionTerms { years: (terms.years - shock.days / DAYS_PER_YEAR).max(0.0), ..*terms };
    let shocked = OptionMarket { spot: market.spot * (1.0 + shock.spot_return()), ..*market };
    let after = price(&later, &shocked, (volatility + shock.volatility_shift).max(0.0))?;
    let pnl = finite(holding.quantity * holding.multiplier * (after - before))?;
    Ok(Revaluation { pnl, method: RevaluationMethod::Full })
}

/// The Taylor approximation from the Greeks, for options that cannot be priced: delta and gamma in the underlying, vega
/// and theta. Good for small shocks only.
pub fn approximate_revaluation(
    position: &PositionGreeks,
    spot: f64,
    shock: &Shock,
) -> Result<Revaluation, OptionRefusal> {
    shock.checked()?;
    let change = spot * shock.spot_return();
    let pnl = position.delta * change
        + 0.5 * position.gamma * change * change
        + position.vega_per_point * (100.0 * shock.volatility_shift)
        + position.theta_per_day * shock.days;
    Ok(Revaluation { pnl: finite(pnl)?, method: RevaluationMethod::DeltaGammaVega })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::OptionKind::{Call, Put};
    use crate::options::greeks::greeks;
    use crate::options::implied_volatility::implied_volatility;
    use crate::options::{OptionKind, years_to_expiry};

    fn option(kind: OptionKind, strike: f64, days: f64) -> OptionTerms {
        OptionTerms { kind, strike, years: years_to_expiry(days) }
    }

    fn market(spot: f64, rate: f64, dividend_yield: f64) -> OptionMarket {
        OptionMarket { spot, rate, dividend_yield }
    }

    #[track_caller]
    fn shown(value: f64, printed: f64, decimals: i32) {
        assert!((value - printed).abs() <= 0.501 * 10f64.powi(-decimals), "{value} is not {printed}");
    }

    #[track_caller]
    fn shown_greeks(terms: &OptionTerms, market: &OptionMarket, volatility: f64, printed: [f64; 6]) {
        let of = greeks(terms, market, volatility).unwrap().quoted();
        let values = [of.price, of.delta, of.gamma, of.theta_per_day, of.vega_per_point, of.rho_per_percent];
        for (value, printed) in values.into_iter().zip(printed) {
            shown(value, printed, 9);
        }
    }

    #[test]
    fn at_the_money_for_ninety_days() {
        let at = market(100.0, 0.05, 0.0);
        let call = [4.579032085, 0.568987592, 0.039568192, -0.028848287, 0.195130812, 0.129007546];
        shown_greeks(&option(Call, 100.0, 90.0), &at, 0.2, call);
        let put = [3.353724161, -0.431012408, 0.039568192, -0.015317508, 0.195130812, -0.114546489];
        shown_greeks(&option(Put, 100.0, 90.0), &at, 0.2, put);
    }

    #[test]
    fn with_dividends_for_forty_six_days_and_a_hundred_puts_short() {
        let at = market(204.94, 0.0425, 0.005);
        let call = [11.282360100, 0.633694096, 0.018455017, -0.095274600, 0.273521146, 0.149451994];
        shown_greeks(&option(Call, 200.0, 46.0), &at, 0.28, call);
        let terms = option(Put, 200.0, 46.0);
        let put = [5.403090552, -0.365675966, 0.018455017, -0.074916956, 0.273521146, -0.101256363];
        shown_greeks(&terms, &at, 0.28, put);
        let short = Holding { quantity: -100.0, multiplier: 100.0 };
        let of = position_greeks(&greeks(&terms, &at, 0.28).unwrap().quoted(), at.spot, &short).unwrap();
        shown(of.value, -54_030.91, 2);
        shown(of.delta, 3_656.76, 2);
        shown(of.gamma, -184.55, 2);
        shown(of.theta_per_day, 749.17, 2);
        shown(of.vega_per_point, -2_735.21, 2);
        shown(of.dollar_delta, 749_416.32, 2);
        shown(of.gamma_1pct, -77_511.82, 2);
    }

    #[test]
    fn exposure_goes_by_delta() {
        let exposure = |quantity, delta| {
            delta_adjusted_exposure(delta, 150.0, &Holding { quantity, multiplier: 100.0 }).unwrap()
        };
        assert_eq!(exposure(10.0, 0.6), 90_000.0);
        assert_eq!(exposure(-10.0, 0.6), -90_000.0);
        assert_eq!(exposure(-5.0, -0.4), 30_000.0);
    }

    #[test]
    fn quotes_imply_volatilities() {
        let implied =
            |terms, market, price| implied_volatility(&terms, &market, price).map(|of| of.volatility);
        let call = implied(option(Call, 100.0, 90.0), market(100.0, 0.05, 0.0), 5.25);
        shown(call.unwrap(), 0.2343544128, 10);
        let (terms, at) = (option(Put, 110.0, 30.0), market(100.0, 0.04, 0.0));
        shown(implied(terms, at, 10.20).unwrap(), 0.2856483457, 10);
        assert_eq!(implied(terms, at, 9.638_949_9), Err(OptionRefusal::BelowIntrinsic));
        assert_eq!(implied(terms, at, 110.0), Err(OptionRefusal::AboveBound));
        assert_eq!(implied(terms, at, 0.0), Err(OptionRefusal::NoQuote));
        assert_eq!(implied(terms, at, f64::NAN), Err(OptionRefusal::NotFinite));
        assert_eq!(implied(option(Put, 110.0, 0.0), at, 10.2), Err(OptionRefusal::Expired));
    }

    #[test]
    fn a_shock_is_worth_what_the_option_is_worth_after_it() {
        let (terms, at) = (option(Call, 150.0, 60.0), market(150.0, 0.04, 0.0));
        let ten = Holding { quantity: 10.0, multiplier: 100.0 };
        let of = greeks(&terms, &at, 0.3).unwrap().quoted();
        shown(of.price, 7.752_456_012_2, 10);
        let position = position_greeks(&of, at.spot, &ten).unwrap();
        let down = Shock { spot_return: -0.12, ..Shock::default() };
        let full = full_revaluation(&terms, &at, 0.3, &ten, &down).unwrap();
        assert_eq!(full.method, RevaluationMethod::Full);
        shown(full.pnl, -6_324.49, 2);
        shown(position.delta * -18.0, -9_823.10, 2);
        let fallback = approximate_revaluation(&position, at.spot, &down).unwrap();
        assert_eq!(fallback.method, RevaluationMethod::DeltaGammaVega);
        shown(fallback.pnl, -6_304.12, 2);
        let wild = Shock { volatility_shift: 0.1, ..down };
        shown(full_revaluation(&terms, &at, 0.3, &ten, &wild).unwrap().pnl, -4_762.76, 2);
        shown(approximate_revaluation(&position, at.spot, &wild).unwrap().pnl, -3_893.85, 2);
    }

    #[test]
    fn at_expiry_a_target_leaves_the_intrinsic_value() {
        let (terms, at) = (option(Call, 210.0, 50.0), market(200.0, 0.04, 0.0));
        let five = Holding { quantity: 5.0, multiplier: 100.0 };
        let shock = Shock { spot_return: 0.15, days: 50.0, ..Shock::default() };
        let before = price(&terms, &at, 0.4).unwrap();
        let pnl = full_revaluation(&terms, &at, 0.4, &five, &shock).unwrap().pnl;
        assert!((pnl - 500.0 * (20.0 - before)).abs() < 1e-9);
        let ruin = Shock { spot_return: -1.5, ..Shock::default() };
        let lost = full_revaluation(&terms, &at, 0.4, &five, &ruin).unwrap().pnl;
        assert!((lost + 500.0 * before).abs() < 1e-9);
    }
}
