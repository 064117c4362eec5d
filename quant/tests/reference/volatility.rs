//! The block `volatility`: exponentially weighted, and Corsi's autoregression of the realised variance.

use quant::har::{self, Har};
use quant::volatility::{EWMA_DAILY_DECAY, EwmaStart, ewma};
use serde_json::Value;

use crate::series::{FIGURES, Portfolio, number};
use crate::support::close;

#[test]
fn exponentially_weighted() {
    for portfolio in Portfolio::all() {
        let block = portfolio.block("volatility");
        for (start, name) in [
            (EwmaStart::FirstSquare, "ewma_094_vol_annual"),
            (EwmaStart::Adjusted, "ewma_094_adjusted_vol_annual"),
        ] {
            let figure = ewma(&portfolio.returns, EWMA_DAILY_DECAY, start).unwrap();
            close(figure, number(block, name), FIGURES);
        }
    }
}

#[test]
fn corsi() {
    for portfolio in Portfolio::all() {
        for (horizon, name) in [(1, "h1"), (5, "h5"), (22, "h22")] {
            let expected = &portfolio.block("volatility")["har_rv"][name];
            let fitted = har::realised_variance(&portfolio.returns, horizon).unwrap();
            assert_eq!(Some(fitted.rows), expected["nobs"].as_u64());
            coefficients(&fitted, &expected["coef"], ["const", "rv_d", "rv_w", "rv_m"]);
            for (t, term) in fitted.t_statistics.iter().zip(["const", "rv_d", "rv_w", "rv_m"]) {
                close(t.unwrap(), number(&expected["t"], term), FIGURES);
            }
            close(fitted.r_squared, number(expected, "r2"), FIGURES);
            close(fitted.forecast, number(expected, "forecast_variance_daily"), FIGURES);
            let annual = har::annual_volatility(fitted.forecast).unwrap();
            close(annual, number(expected, "forecast_vol_annual"), FIGURES);
        }
    }
}

/// The coefficients by the names they have in the reference.
#[track_caller]
pub fn coefficients(fitted: &Har, expected: &Value, names: [&str; 4]) {
    for (coefficient, name) in fitted.coefficients.iter().zip(names) {
        close(*coefficient, number(expected, name), FIGURES);
    }
}
