//! The beta of one position on one factor, with what to think of it.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, Unavailable, finite};
use crate::moments::at_least;
use crate::panel::{last, overlap};
use crate::regression::{Line, line};
use crate::sum::Sum;

/// Betas on market and rates are shown within plus and minus this; what lies beyond is a data fault more often
/// than a position.
pub const BETA_CAP: f64 = 5.0;
/// p values below this count as significant.
pub const SIGNIFICANCE: f64 = 0.10;

/// How much history a regression wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Returns looked back on; with fewer, the history counts as limited.
    pub returns: usize,
    /// Fewest common returns.
    pub returns_min: u64,
}

/// The window of betas on market and rates.
pub const BETA_WINDOW: Window = Window { returns: 90, returns_min: 30 };
/// The window of betas on spreads between two factors.
pub const SPREAD_WINDOW: Window = Window { returns: 180, returns_min: 60 };

/// How much of a position's variance a regression explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FitBand {
    /// R² of 0.7 and more.
    VeryStrong,
    /// 0.5 and more.
    Strong,
    /// 0.3 and more.
    Moderate,
    /// 0.1 and more.
    Weak,
    /// Less.
    Negligible,
}

/// A beta on one factor, by the line of a position's simple returns on the factor's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    /// The line, with the beta as estimated.
    pub line: Line,
    /// The beta within plus and minus [`BETA_CAP`].
    pub capped: f64,
    /// Whether the cap changed it.
    pub was_capped: bool,
    /// Fewer common returns than the window asks for.
    pub limited_history: bool,
    /// p below [`SIGNIFICANCE`].
    pub significant: bool,
}

/// A factor exposure of a book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorExposure {
    /// Σ exposure · β: the money that moves with the factor one to one, signed.
    pub dollars: f64,
    /// dollars / equity: the beta of the book.
    pub beta: f64,
    /// Share of the gross exposure whose beta is known, 0 to 1; one for a book without exposure.
    pub coverage: f64,
    /// Positions with a beta.
    pub positions: u64,
    /// Whether exposures to different factors may be added: only betas of one joint regression split a
    /// position; each univariate beta claims what the factors share.
    pub additive: bool,
}

/// Where the betas of a [`FactorExposure`] come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSource {
    /// One regression on all factors.
    Joint,
    /// A regression per factor.
    Univariate,
}

/// The beta of `returns` on `factor`, two series over the same days with NaN where one has no return, over the
/// days of the window on which both have one.
///
/// # Errors
/// `LengthsDiffer`, `TooFewReturns`, `ZeroDeviation` for a constant factor, `NotFinite`.
pub fn beta(returns: &[f64], factor: &[f64], window: Window) -> Result<Beta, Unavailable> {
    if returns.len() != factor.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let (returns, factor) = overlap(last(returns, window.returns), last(factor, window.returns))?;
    at_least(window.returns_min, returns.len() as u64)?;
    let line = line(&returns, &factor)?;
    let capped = line.beta.value.clamp(-BETA_CAP, BETA_CAP);
    Ok(Beta {
        line,
        capped,
        was_capped: capped != line.beta.value,
        limited_history: returns.len() < window.returns,
        significant: line.beta.significant(SIGNIFICANCE),
    })
}

/// The band of an R².
pub fn fit_band(r_squared: f64) -> FitBand {
    match r_squared {
        share if share >= 0.7 => FitBand::VeryStrong,
        share if share >= 0.5 => FitBand::Strong,
        share if share >= 0.3 => FitBand::Moderate,
        share if share >= 0.1 => FitBand::Weak,
        _ => FitBand::Negligible,
    }
}

/// Exposure of a book to one factor: signed, delta-adjusted exposures in money, a beta or none per position,
/// the equity they are counted on.
///
/// # Errors
/// `EquityNotPositive`; `LengthsDiffer`; `MissingCells` when there is exposure but no beta is known;
/// `NotFinite`.
pub fn factor_exposure(
    exposures: &[f64],
    betas: &[Figure],
    equity: f64,
    source: BetaSource,
) -> Result<FactorExposure, Unavailable> {
    crate::figure::positive(equity, Because::EquityNotPositive)?;
    if exposures.len() != betas.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let (mut dollars, mut covered, mut gross) = (Sum::default(), Sum::default(), Sum::default());
    let mut positions = 0;
    for (exposure, beta) in exposures.iter().zip(betas) {
        gross.add(exposure.abs());
        if let Ok(beta) = beta {
            dollars.add_product(*exposure, *beta);
            covered.add(exposure.abs());
            positions += 1;
        }
    }
    let (dollars, covered, gross) = (dollars.total()?, covered.total()?, gross.total()?);
    if gross > 0.0 && covered <= 0.0 {
        return Err(Because::MissingCells.into());
    }
    Ok(FactorExposure {
        dollars,
        beta: finite(dollars / equity)?,
        coverage: if gross > 0.0 { (covered / gross).min(1.0) } else { 1.0 },
        positions,
        additive: source == BetaSource::Joint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const Y: [f64; 5] = [0.012, -0.025, 0.020, 0.004, -0.008];
    const X: [f64; 5] = [0.010, -0.020, 0.015, 0.005, -0.010];

    fn close(value: f64, expected: f64, relative: f64) {
        assert!((value - expected).abs() <= relative * expected.abs(), "{value} is not {expected}");
    }

    #[test]
    fn five_returns() {
        let line = beta(&Y, &X, Window { returns: 5, returns_min: 5 }).unwrap().line;
        close(line.alpha.value, 0.0006, 1e-12);
        close(line.beta.value, 1.2, 1e-12);
        close(line.r_squared.unwrap(), 0.981_398_332_3, 1e-9);
        close(line.beta.standard_error, 0.095_383_642_3, 1e-9);
        close(line.beta.t.unwrap(), 12.580_773_5, 1e-8);
        close(line.beta.p().unwrap(), 0.001_082_8, 1e-4);
        assert_eq!(line.count, 5);
    }

    #[test]
    fn too_little_history_is_refused_and_a_little_flagged() {
        assert_eq!(beta(&Y, &X, BETA_WINDOW), Err(Because::TooFewReturns { needed: 30 }.into()));
        let gap = [f64::NAN, -0.025, 0.020, 0.004, -0.008];
        let window = Window { returns: 5, returns_min: 4 };
        let with_gap = beta(&gap, &X, window).unwrap();
        assert!(with_gap.limited_history && !beta(&Y, &X, window).unwrap().limited_history);
        assert_eq!(with_gap.line, beta(&Y[1..], &X[1..], window).unwrap().line);
    }

    #[test]
    fn a_beta_beyond_the_cap_is_kept_beside_it() {
        let tenfold: Vec<f64> = Y.iter().map(|value| 10.0 * value).collect();
        let beta = beta(&tenfold, &X, Window { returns: 5, returns_min: 5 }).unwrap();
        close(beta.line.beta.value, 12.0, 1e-12);
        assert_eq!((beta.capped, beta.was_capped), (BETA_CAP, true));
    }

    #[test]
    fn a_factor_against_itself_has_beta_one_and_no_error() {
        let line = line(&X, &X).unwrap();
        close(line.beta.value, 1.0, 1e-14);
        assert_eq!(line.beta.t, Err(Because::ZeroDeviation.into()));
        assert_eq!(line.r_squared, Ok(1.0));
    }

    #[test]
    fn what_cannot_be_fitted_says_why() {
        let line = |y: &[f64], x: &[f64]| line(y, x).map(|line| line.beta.value);
        assert_eq!(line(&Y, &[0.01; 5]), Err(Because::ZeroDeviation.into()));
        assert_eq!(line(&[0.01; 5], &X), Ok(0.0));
        assert_eq!(line(&Y[..2], &X[..2]), Err(Because::TooFewReturns { needed: 3 }.into()));
        assert_eq!(line(&Y, &X[..4]), Err(Because::LengthsDiffer.into()));
        assert_eq!(line(&[f64::NAN; 5], &X), Err(Because::NotFinite.into()));
        assert_eq!(line(&Y, &[f64::INFINITY; 5]), Err(Because::NotFinite.into()));
    }

    #[test]
    fn the_beta_of_a_book_counts_shorts_against_longs() {
        let exposures = [60_000.0, -30_000.0, 20_000.0];
        let book =
            factor_exposure(&exposures, &[Ok(1.2), Ok(0.9), Ok(0.5)], 100_000.0, BetaSource::Univariate)
                .unwrap();
        close(book.dollars, 55_000.0, 1e-15);
        close(book.beta, 0.55, 1e-15);
        assert_eq!((book.coverage, book.positions, book.additive), (1.0, 3, false));
    }

    #[test]
    fn a_position_without_beta_lowers_the_coverage() {
        let unknown = Err(Because::TooFewReturns { needed: 30 }.into());
        let book = factor_exposure(&[60.0, -40.0], &[Ok(0.0), unknown], 100.0, BetaSource::Joint).unwrap();
        assert_eq!((book.beta, book.coverage, book.additive), (0.0, 0.6, true));
        let none = factor_exposure(&[60.0], &[unknown], 100.0, BetaSource::Joint);
        assert_eq!(none, Err(Because::MissingCells.into()));
    }

    #[test]
    fn cash_has_no_exposure_and_no_equity_no_beta() {
        let cash = factor_exposure(&[], &[], 100.0, BetaSource::Joint).unwrap();
        assert_eq!((cash.dollars, cash.beta, cash.coverage), (0.0, 0.0, 1.0));
        let ruined = factor_exposure(&[1.0], &[Ok(1.0)], 0.0, BetaSource::Joint);
        assert_eq!(ruined, Err(Because::EquityNotPositive.into()));
    }

    #[test]
    fn bands_start_at_their_limit() {
        let bands = [0.7, 0.69, 0.3, 0.1, 0.0].map(fit_band);
        let expected =
            [FitBand::VeryStrong, FitBand::Strong, FitBand::Moderate, FitBand::Weak, FitBand::Negligible];
        assert_eq!(bands, expected);
    }
}
