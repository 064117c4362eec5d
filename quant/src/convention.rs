//! How a statistic is counted: bars per year, risk-free rate, which deviation, which Sortino.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, finite, positive};

/// Bars per year of daily bars on an exchange.
pub const PERIODS_DAILY: f64 = 252.0;
/// Bars per year of US hourly bars, six a day.
pub const PERIODS_US_HOURLY: f64 = 1512.0;
/// Bars per year of Chinese hourly bars, four a day.
pub const PERIODS_CN_HOURLY: f64 = 1008.0;
/// Bars per year of minute bars, 390 a day.
pub const PERIODS_MINUTE: f64 = 98_280.0;
/// Bars per year of daily bars in a market without holidays.
pub const PERIODS_CRYPTO: f64 = 365.0;
/// Bars per year that the AI-Trader benchmark uses for every hourly series: 252 days of 6.5 hours.
pub const PERIODS_AI_TRADER: f64 = 1638.0;

/// Fewer calendar days than this are not extrapolated to a year.
pub const CALENDAR_DAYS_MIN: i64 = 30;
/// Fewer trading days of minute bars than this are not extrapolated to a year.
pub const TRADING_DAYS_MIN: u64 = 30;

/// Everything in which two correct implementations of the same ratio may differ.
///
/// A report states its convention, so that no figure is compared with one counted differently.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Convention {
    /// Returns per year; its square root annualises deviations. Above zero.
    pub periods_per_year: f64,
    /// Risk-free rate per year, as a fraction (0.02 is two percent). Above -1.
    pub risk_free_annual: f64,
    /// How the yearly rate is spread over the periods.
    pub risk_free_split: RiskFreeSplit,
    /// The deviation behind volatility, Sharpe ratio, tracking error and information ratio.
    pub deviation: Deviation,
    /// What the Sortino ratio divides by.
    pub sortino: SortinoDenominator,
    /// How a return is extrapolated to a year.
    pub annualisation: Annualisation,
    /// Distinct days with a return below which no annualised figure is given; 0 for no such rule.
    pub trading_days_min: u64,
}

/// Divisor of the mean squared deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deviation {
    /// n - 1: the returns are a sample of what the strategy does.
    Sample,
    /// n: the returns are all there is.
    Population,
}

/// What the Sortino ratio divides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortinoDenominator {
    /// Root of the mean of min(excess, 0)², over all periods (Sortino and Price 1994).
    AllPeriods,
    /// Deviation of the negative excess returns around their own mean. Rewards losses of equal size; kept to
    /// reproduce AI-Trader.
    NegativesOnly,
}

/// How the yearly risk-free rate becomes one per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskFreeSplit {
    /// (1 + rate)^(1/P) - 1: compounding it over a year gives the rate.
    Compounded,
    /// rate / P.
    Divided,
}

/// How a return is extrapolated to a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Annualisation {
    /// Exponent 365 / calendar days between first and last point.
    CalendarDays {
        /// Fewer days than this give no figure.
        minimum: i64,
    },
    /// Exponent P / number of returns.
    Periods,
}

impl Convention {
    /// Ours: sample deviation, Sortino over all periods, calendar days from 30 on, no risk-free rate.
    pub fn standard(periods_per_year: f64) -> Self {
        Self {
            periods_per_year,
            risk_free_annual: 0.0,
            risk_free_split: RiskFreeSplit::Compounded,
            deviation: Deviation::Sample,
            sortino: SortinoDenominator::AllPeriods,
            annualisation: Annualisation::CalendarDays { minimum: CALENDAR_DAYS_MIN },
            trading_days_min: 0,
        }
    }

    /// Ours for minute bars: annualised figures only from 30 trading days on, because a session says
    /// nothing about a year.
    pub fn minute_bars() -> Self {
        Self { trading_days_min: TRADING_DAYS_MIN, ..Self::standard(PERIODS_MINUTE) }
    }

    /// The public AI-Trader benchmark: population deviation, 1638 bars a year whatever the market, Sortino
    /// by the deviation of the negative returns, exponent P / n without a minimum.
    ///
    /// Its habit of one point per ledger record, and its drawdown without the opening value, are not part of
    /// the convention: push one point per record to reproduce the former; the latter is a defect.
    pub fn ai_trader() -> Self {
        Self {
            deviation: Deviation::Population,
            sortino: SortinoDenominator::NegativesOnly,
            annualisation: Annualisation::Periods,
            ..Self::standard(PERIODS_AI_TRADER)
        }
    }

    /// The same convention with this risk-free rate per year, as a fraction.
    #[must_use]
    pub fn with_risk_free(self, risk_free_annual: f64) -> Self {
        Self { risk_free_annual, ..self }
    }

    /// Periods per year, if that is a number above zero.
    pub fn periods(&self) -> Figure {
        above_zero(self.periods_per_year)
    }

    /// Periods per year for a series with returns on so many days, if they may be extrapolated to a year.
    pub fn periods_of(&self, trading_days: u64) -> Figure {
        let needed = self.trading_days_min;
        if trading_days < needed {
            return Err(Because::TooFewTradingDays { needed }.into());
        }
        self.periods()
    }

    /// Risk-free return of one period, as a fraction.
    pub fn risk_free_per_period(&self) -> Figure {
        let periods = self.periods()?;
        above_zero(1.0 + self.risk_free_annual)?;
        match self.risk_free_split {
            // expm1/log1p keep the digits that (1 + rate)^(1/98280) - 1 would cancel.
            RiskFreeSplit::Compounded => finite(libm::expm1(libm::log1p(self.risk_free_annual) / periods)),
            RiskFreeSplit::Divided => finite(self.risk_free_annual / periods),
        }
    }
}

fn above_zero(value: f64) -> Figure {
    positive(value, Because::InvalidConvention).map_err(|_| Because::InvalidConvention.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compounded_rate_comes_back_after_a_year() {
        let convention = Convention::standard(PERIODS_DAILY).with_risk_free(0.02);
        let rate = convention.risk_free_per_period().unwrap();
        assert!((libm::pow(1.0 + rate, PERIODS_DAILY) - 1.02).abs() < 1e-13);
    }

    #[test]
    fn an_impossible_convention_gives_no_rate() {
        for convention in [
            Convention::standard(0.0),
            Convention::standard(f64::NAN),
            Convention::standard(PERIODS_DAILY).with_risk_free(-1.0),
            Convention::standard(PERIODS_DAILY).with_risk_free(f64::INFINITY),
        ] {
            assert!(convention.risk_free_per_period().is_err());
        }
    }
}
