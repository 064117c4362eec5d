//! The joint factor model: market, styles as spreads over the market, and rates without their market part.
//!
//! Its factors do not overlap, so that a position's betas split its moves instead of claiming each move several
//! times, and so do the factor exposures of a book.

use crate::beta::{BETA_CAP, Window};
use crate::figure::{Because, Figure, Unavailable, finite};
use crate::linear::Symmetric;
use crate::moments::at_least;
use crate::panel::Panel;
use crate::regression::{Coefficient, Design, Fit, StandardErrors, line};
use crate::ridge::{LAMBDA, Penalty, RidgeFit};

/// Condition number of the standardised factors above which the model is estimated by ridge.
pub const CONDITION_MAX: f64 = 100.0;
/// Variance inflation above which a factor is flagged.
pub const INFLATION_WARN: f64 = 5.0;
/// Variance inflation above which a factor's beta is bad.
pub const INFLATION_BAD: f64 = 10.0;
/// Style betas beyond plus and minus this are flagged, not capped.
pub const STYLE_BETA_FLAG: f64 = 3.0;
/// The window of the joint model.
pub const JOINT_WINDOW: Window = Window { returns: 252, returns_min: 60 };

/// What is done to the rate proxy before it enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateTreatment {
    /// The residuals of its line on the market.
    Residualised,
    /// Its returns as they are; the covariance of the factors then carries the overlap.
    Raw,
}

/// The factors over one window: market first, then the styles, rates last.
#[derive(Debug, Clone, PartialEq)]
pub struct JointFactors {
    values: Vec<f64>,
    rows: usize,
    styles: usize,
    design: Design,
    condition: f64,
}

/// The estimate of a position's betas.
#[derive(Debug, Clone, PartialEq)]
pub enum JointEstimate {
    /// Least squares.
    Ols(Fit),
    /// Ridge with λ 1 on standardised factors, because the factors are ill-conditioned.
    Ridge(RidgeFit),
}

/// A position's betas on all factors, in their order, with what to think of them.
#[derive(Debug, Clone, PartialEq)]
pub struct JointBetas {
    /// The estimate, with the betas as estimated.
    pub estimate: JointEstimate,
    /// The betas, that of the market within plus and minus [`BETA_CAP`].
    pub betas: Vec<f64>,
    /// Whether the cap changed the market's.
    pub market_capped: bool,
    /// Whether a style's lies beyond [`STYLE_BETA_FLAG`].
    pub style_beyond: bool,
    /// Fewer days than [`JOINT_WINDOW`] asks for.
    pub limited_history: bool,
    /// Days.
    pub count: u64,
}

/// How far a factor is made of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inflation {
    /// Up to 5.
    Fine,
    /// Above 5.
    Warn,
    /// Above 10.
    Bad,
}

impl JointFactors {
    /// Makes the factors of simple returns over the same days: of the market, of the styles' funds (not yet over
    /// the market), of the rate proxy.
    ///
    /// # Errors
    /// `LengthsDiffer`, `TooFewReturns`, `ZeroDeviation` for a factor that does not vary, `MissingCells`,
    /// `NotFinite`. Collinear factors are taken: they are estimated by ridge.
    pub fn new(
        market: &[f64],
        styles: &[&[f64]],
        rates: Option<(&[f64], RateTreatment)>,
    ) -> Result<Self, Unavailable> {
        let rows = market.len();
        at_least(JOINT_WINDOW.returns_min, rows as u64)?;
        if styles.iter().any(|style| style.len() != rows)
            || rates.is_some_and(|(rates, _)| rates.len() != rows)
        {
            return Err(Because::LengthsDiffer.into());
        }
        let mut values = market.to_vec();
        for style in styles {
            values.extend(style.iter().zip(market).map(|(style, market)| style - market));
        }
        match rates {
            Some((rates, RateTreatment::Raw)) => values.extend(rates),
            Some((rates, RateTreatment::Residualised)) => {
                let line = line(rates, market)?;
                let explained = |market: f64| line.alpha.value + line.beta.value * market;
                values.extend(rates.iter().zip(market).map(|(rates, market)| rates - explained(*market)));
            }
            None => {}
        }
        Self::of(values, rows, styles.len())
    }

    fn of(values: Vec<f64>, rows: usize, styles: usize) -> Result<Self, Unavailable> {
        let design = Design::new(&Panel::new(&values, rows)?)?;
        // Without a condition number the factors are collinear, and the condition is beyond any limit.
        let condition = design.condition_number().unwrap_or(f64::MAX);
        Ok(Self { values, rows, styles, design, condition })
    }

    /// Returns of the factors, from which their covariance is to be taken.
    ///
    /// # Errors
    /// None for factors that could be made.
    pub fn panel(&self) -> Result<Panel<'_>, Unavailable> {
        Panel::new(&self.values, self.rows)
    }

    /// Correlations of the factors.
    pub fn correlation(&self) -> &Symmetric {
        self.design.correlation()
    }

    /// Condition number of the standardised factors; `Collinear` when they have none.
    pub fn condition_number(&self) -> Figure {
        self.design.condition_number()
    }

    /// Variance inflation per factor, with its band.
    ///
    /// # Errors
    /// `Collinear`.
    pub fn inflation(&self) -> Result<Vec<(f64, Inflation)>, Unavailable> {
        Ok(self.design.variance_inflation()?.into_iter().map(|value| (value, inflation(value))).collect())
    }

    /// The betas of a position's simple returns over the factors' days, NaN where it has none.
    ///
    /// # Errors
    /// `LengthsDiffer`, `TooFewReturns` below 60 days, `ZeroDeviation` when a factor does not vary over the days
    /// that are left, `NotFinite`.
    pub fn betas(&self, returns: &[f64], errors: StandardErrors) -> Result<JointBetas, Unavailable> {
        if returns.len() != self.rows {
            return Err(Because::LengthsDiffer.into());
        }
        if returns.iter().any(|value| value.is_nan()) {
            return self.of_days_with(returns)?.estimate(
                &returns.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>(),
                errors,
            );
        }
        self.estimate(returns, errors)
    }

    /// The betas of many positions without missing days, each also by ridge regression with λ 1 whatever the condition
    /// of the factors.
    ///
    /// # Errors
    /// `LengthsDiffer`, `NotFinite`, also for a day without a return.
    pub fn betas_and_ridge(
        &self,
        positions: &[&[f64]],
        errors: StandardErrors,
    ) -> Result<Vec<(JointBetas, RidgeFit)>, Unavailable> {
        let shrinkage = self.design.shrinkage(Penalty::Standardised { lambda: LAMBDA })?;
        let both = |returns: &&[f64]| {
            let centred = self.design.centred(returns)?;
            let ridge = self.design.ridge_centred(&centred, &shrinkage)?;
            let estimate = if self.condition > CONDITION_MAX {
                JointEstimate::Ridge(ridge.clone())
            } else {
                JointEstimate::Ols(self.design.fit_centred(&centred, errors)?)
            };
            Ok((self.judged(estimate)?, ridge))
        };
        positions.iter().map(both).collect()
    }

    fn of_days_with(&self, returns: &[f64]) -> Result<Self, Unavailable> {
        let rows = returns.iter().filter(|value| !value.is_nan()).count();
        at_least(JOINT_WINDOW.returns_min, rows as u64)?;
        let columns = self.values.chunks_exact(self.rows);
        let kept = columns.flat_map(|column| {
            column.iter().zip(returns).filter(|(_, value)| !value.is_nan()).map(|(factor, _)| *factor)
        });
        Self::of(kept.collect(), rows, self.styles)
    }

    fn estimate(&self, returns: &[f64], errors: StandardErrors) -> Result<JointBetas, Unavailable> {
        let estimate = if self.condition > CONDITION_MAX {
            JointEstimate::Ridge(self.design.ridge(returns, Penalty::Standardised { lambda: LAMBDA })?)
        } else {
            JointEstimate::Ols(self.design.fit(returns, errors)?)
        };
        self.judged(estimate)
    }

    fn judged(&self, estimate: JointEstimate) -> Result<JointBetas, Unavailable> {
        let mut betas = estimate.betas();
        let market = betas.first_mut().ok_or(Because::TooFewSeries { needed: 1 })?;
        let raw = *market;
        *market = raw.clamp(-BETA_CAP, BETA_CAP);
        Ok(JointBetas {
            market_capped: *market != raw,
            style_beyond: betas.iter().skip(1).take(self.styles).any(|beta| beta.abs() > STYLE_BETA_FLAG),
            limited_history: self.rows < JOINT_WINDOW.returns,
            count: self.rows as u64,
            estimate,
            betas,
        })
    }
}

impl JointEstimate {
    /// The betas as estimated.
    pub fn betas(&self) -> Vec<f64> {
        match self {
            Self::Ols(fit) => fit.slopes.iter().map(|slope| slope.value).collect(),
            Self::Ridge(fit) => fit.slopes.clone(),
        }
    }

    /// Errors, t and p per factor; none of a ridge estimate.
    pub fn coefficients(&self) -> Option<&[Coefficient]> {
        match self {
            Self::Ols(fit) => Some(&fit.slopes),
            Self::Ridge(_) => None,
        }
    }

    /// Share of the position's variance that all factors together explain.
    pub fn r_squared(&self) -> Figure {
        match self {
            Self::Ols(Fit { r_squared, .. }) | Self::Ridge(RidgeFit { r_squared, .. }) => *r_squared,
        }
    }
}

/// The band of a variance inflation factor.
pub fn inflation(value: f64) -> Inflation {
    if value > INFLATION_BAD {
        Inflation::Bad
    } else if value > INFLATION_WARN {
        Inflation::Warn
    } else {
        Inflation::Fine
    }
}

/// The univariate beta on factor `factor` that joint betas imply: Σ β_k cov(f_k, f)/var(f). It equals that of
/// the univariate regression over the same sample (the formula of the omitted variables).
///
/// # Errors
/// `LengthsDiffer`, `UnknownIndex`, `ZeroDeviation` when the factor does not vary, `NotFinite`.
pub fn implied_univariate_beta(covariance: &Symmetric, betas: &[f64], factor: usize) -> Figure {
    let variance = covariance.cell(factor, factor)?;
    let covariances = covariance.times(betas)?;
    if variance <= 0.0 {
        return Err(Because::ZeroDeviation.into());
    }
    finite(covariances.get(factor).ok_or(Because::UnknownIndex)? / variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(frequency: f64, size: f64) -> Vec<f64> {
        (1..=80).map(|day| size * libm::sin(frequency * f64::from(day))).collect()
    }

    fn factors() -> JointFactors {
        JointFactors::new(
            &wave(1.0, 0.01),
            &[&wave(0.7, 0.005)],
            Some((&wave(1.9, 0.004), RateTreatment::Residualised)),
        )
        .unwrap()
    }

    fn position(factors: &JointFactors, betas: [f64; 3]) -> Vec<f64> {
        let panel = factors.panel().unwrap();
        let cell = |factor: usize, day: usize| panel.column(factor).unwrap()[day];
        let noise = wave(2.7, 0.001);
        (0..80).map(|day| (0..3).map(|k| betas[k] * cell(k, day)).sum::<f64>() + noise[day]).collect()
    }

    #[test]
    fn rates_lose_their_market_part() {
        assert!(factors().correlation().get(0, 2).unwrap().abs() < 1e-14);
        assert!(factors().correlation().get(0, 1).unwrap() < -0.5);
    }

    #[test]
    fn betas_beyond_their_limits_are_flagged() {
        let factors = factors();
        let plain = factors.betas(&position(&factors, [1.0, 0.5, -0.2]), StandardErrors::Classical).unwrap();
        assert!(!plain.market_capped && !plain.style_beyond && plain.limited_history);
        assert!((plain.betas[0] - 1.0).abs() < 0.1 && (plain.betas[2] + 0.2).abs() < 0.1);
        let wild = factors.betas(&position(&factors, [7.0, -4.0, 0.0]), StandardErrors::Classical).unwrap();
        assert!(wild.market_capped && wild.style_beyond);
        assert_eq!(wild.betas[0], BETA_CAP);
        assert!(wild.estimate.betas()[0] > 6.5);
    }

    #[test]
    fn days_without_a_return_are_left_out_of_factors_and_position() {
        let factors = factors();
        let mut returns = position(&factors, [1.0, 0.5, -0.2]);
        let (from, to) = (5, 10);
        returns[from..to].fill(f64::NAN);
        let betas = factors.betas(&returns, StandardErrors::Classical).unwrap();
        assert_eq!(betas.count, 75);
        assert!((betas.betas[1] - 0.5).abs() < 0.1);
        returns[..30].fill(f64::NAN);
        assert_eq!(
            factors.betas(&returns, StandardErrors::Classical),
            Err(Because::TooFewReturns { needed: 60 }.into())
        );
    }

    #[test]
    fn collinear_factors_are_estimated_by_ridge() {
        let style = wave(0.7, 0.005);
        let twice = JointFactors::new(&wave(1.0, 0.01), &[&style, &style], None).unwrap();
        assert_eq!(twice.inflation(), Err(Because::Collinear.into()));
        let betas = twice.betas(&wave(0.7, 0.003), StandardErrors::Classical).unwrap();
        assert!(matches!(betas.estimate, JointEstimate::Ridge(_)));
        assert!(betas.estimate.coefficients().is_none() && betas.estimate.r_squared().unwrap() > 0.9);
        assert!((betas.betas[1] - betas.betas[2]).abs() < 1e-12);
    }

    #[test]
    fn factors_must_be_whole() {
        let market = wave(1.0, 0.01);
        let new = |styles: &[&[f64]]| JointFactors::new(&market, styles, None).unwrap_err().because;
        assert_eq!(new(&[&market[1..]]), Because::LengthsDiffer);
        assert_eq!(new(&[&[f64::NAN; 80]]), Because::MissingCells);
        assert_eq!(new(&[&market]), Because::ZeroDeviation);
        let short = JointFactors::new(&market[..59], &[], None).unwrap_err().because;
        assert_eq!(short, Because::TooFewReturns { needed: 60 });
    }

    #[test]
    fn bands_of_inflation() {
        assert_eq!([5.0, 5.1, 10.1].map(inflation), [Inflation::Fine, Inflation::Warn, Inflation::Bad]);
    }
}
