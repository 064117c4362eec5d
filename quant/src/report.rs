//! The report on an equity series: every figure with its unit, and how it is written as JSON.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::convention::Convention;
use crate::drawdown::DrawdownEpisode;
use crate::figure::{Figure, serialize_figures};

/// Performance of an equity series V_0..V_n with returns r_i = V_i / V_{i-1} - 1, P periods a year and the
/// risk-free return rf of a period.
///
/// Serialises as one object: counts and convention, every figure as a number or null, and `"unavailable"`,
/// which maps the names of the nulls to their reasons (`{"sharpe": "fewer than 2 returns"}`).
#[derive(Debug, Clone, PartialEq)]
pub struct Performance {
    /// How the figures were counted.
    pub convention: Convention,
    /// Points, the opening value included: n + 1.
    pub points: u64,
    /// Usable returns: n.
    pub returns: u64,
    /// Calendar days from the first point to the last.
    pub calendar_days: i64,
    /// Distinct days with a return.
    pub trading_days: u64,
    /// The deepest fall with its peak, trough and recovery; none if the series never fell.
    pub drawdown: Option<DrawdownEpisode>,
    /// V_0, in the account's currency.
    pub initial_equity: Figure,
    /// V_n, in the account's currency.
    pub final_equity: Figure,
    /// Mean of V_0..V_n, in the account's currency.
    pub mean_equity: Figure,
    /// V_n / V_0 - 1, fraction, not annualised.
    pub cumulative_return: Figure,
    /// (V_n / V_0)^(365 / calendar days) - 1, fraction a year; refused below 30 days.
    pub annualised_return: Figure,
    /// Deviation of r times √P, fraction a year.
    pub volatility: Figure,
    /// (mean r - rf) / deviation of r times √P, annualised ratio (Sharpe 1994).
    pub sharpe: Figure,
    /// (mean r - rf) / √mean(min(r - rf, 0)²) times √P, annualised ratio (Sortino and Price 1994).
    pub sortino: Figure,
    /// Largest 1 - V_t / max V_s, s ≤ t; fraction from 0 to 1, a positive number for a loss.
    pub max_drawdown: Figure,
    /// 1 - V_n / max V_s; fraction from 0 to 1.
    pub current_drawdown: Figure,
    /// Annualised return / maximum drawdown (Young 1991).
    pub calmar: Figure,
    /// Share of the returns above zero, 0 to 1.
    pub positive_period_rate: Figure,
    /// Mean of gross position value / V, fraction.
    pub exposure: Figure,
    /// Mean of net position value / V, fraction, negative when short on balance.
    pub net_exposure: Figure,
    /// Largest gross position value / V, fraction.
    pub max_exposure: Figure,
    /// Share of the points with a position, 0 to 1.
    pub invested_share: Figure,
    /// B_n / B_0 - 1 of the benchmark, fraction, not annualised.
    pub benchmark_return: Figure,
    /// Cumulative return less the benchmark's, fraction, not annualised.
    pub excess_return: Figure,
    /// Deviation of the active returns e = r - b times √P, fraction a year.
    pub tracking_error: Figure,
    /// mean e / deviation of e times √P, annualised ratio.
    pub information_ratio: Figure,
    /// cov(r, b) / var(b).
    pub beta: Figure,
    /// (mean r - rf - beta (mean b - rf)) P, fraction a year, not compounded (Jensen 1968).
    pub alpha: Figure,
    /// Pearson's correlation of r and b, -1 to 1.
    pub correlation: Figure,
}

impl Performance {
    /// Every figure by the name it has in JSON, in the order of the fields.
    pub fn figures(&self) -> [(&'static str, Figure); 23] {
        [
            ("initial_equity", self.initial_equity),
            ("final_equity", self.final_equity),
            ("mean_equity", self.mean_equity),
            ("cumulative_return", self.cumulative_return),
            ("annualised_return", self.annualised_return),
            ("volatility", self.volatility),
            ("sharpe", self.sharpe),
            ("sortino", self.sortino),
            ("max_drawdown", self.max_drawdown),
            ("current_drawdown", self.current_drawdown),
            ("calmar", self.calmar),
            ("positive_period_rate", self.positive_period_rate),
            ("exposure", self.exposure),
            ("net_exposure", self.net_exposure),
            ("max_exposure", self.max_exposure),
            ("invested_share", self.invested_share),
            ("benchmark_return", self.benchmark_return),
            ("excess_return", self.excess_return),
            ("tracking_error", self.tracking_error),
            ("information_ratio", self.information_ratio),
            ("beta", self.beta),
            ("alpha", self.alpha),
            ("correlation", self.correlation),
        ]
    }
}

impl Serialize for Performance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("convention", &self.convention)?;
        map.serialize_entry("points", &self.points)?;
        map.serialize_entry("returns", &self.returns)?;
        map.serialize_entry("calendar_days", &self.calendar_days)?;
        map.serialize_entry("trading_days", &self.trading_days)?;
        map.serialize_entry("drawdown", &self.drawdown)?;
        serialize_figures(&mut map, &self.figures())?;
        map.end()
    }
}
