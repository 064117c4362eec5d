//! Ordinary least squares with an intercept, on one series or several.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::lanes::sum_of;
use crate::linear::{COLLINEAR_FLOOR, Cholesky, Symmetric, centre, standardise};
use crate::moments::at_least;
use crate::panel::Panel;
use crate::products::{all_products, dot};
use crate::psd;
use crate::returns::add_weighted;
use crate::student_t::two_sided_p;
use crate::sum::Sum;

/// Share of the explained series' deviation below which residuals are rounding and the fit is exact.
const RESIDUAL_FLOOR: f64 = 1e-14;

/// What the errors of the coefficients assume of the residuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StandardErrors {
    /// Independent, of equal variance: s² = Σe²/(n − k), k with the intercept.
    Classical,
    /// Autocorrelated and of changing variance: Newey and West (1987), Bartlett weights 1 − l/(lags + 1), no
    /// small-sample factor.
    NeweyWest {
        /// Longest lag, in periods.
        lags: u32,
    },
}

/// One estimated coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// The estimate, in units of the explained series per unit of the explaining one.
    pub value: f64,
    /// Its standard error, in the same unit. Zero when the fit is exact.
    pub standard_error: f64,
    /// value / standard error. `ZeroDeviation` when the fit is exact.
    pub t: Figure,
    /// n − k, with which t is distributed.
    pub degrees: f64,
}

/// A least-squares fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The constant, in units of the explained series: a return per period, not annualised.
    pub intercept: Coefficient,
    /// One coefficient per explaining series, in their order.
    pub slopes: Vec<Coefficient>,
    /// 1 − Σe²/Σ(y − ȳ)², 0 to 1. `ZeroDeviation` when the explained series does not vary.
    pub r_squared: Figure,
    /// √(Σe²/(n − k)), in units of the explained series.
    pub residual_deviation: f64,
    /// Periods.
    pub count: u64,
}

/// A least-squares line: a [`Fit`] on one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The constant, a return per period, not annualised.
    pub alpha: Coefficient,
    /// The slope: cov(y, x)/var(x).
    pub beta: Coefficient,
    /// Share of the variance explained, 0 to 1. `ZeroDeviation` when the explained series does not vary.
    pub r_squared: Figure,
    /// √(Σe²/(n − 2)), in units of the explained series.
    pub residual_deviation: f64,
    /// Pairs.
    pub count: u64,
}

/// Explaining series, prepared once for any number of explained ones over the same periods.
///
/// Works on the centred, standardised series: their correlation matrix R is as well conditioned as the problem
/// allows, its inverse's diagonal are the variance inflation factors, and a ridge penalty is added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    rows: usize,
    means: Vec<f64>,
    norms: Vec<f64>,
    standardised: Vec<f64>,
    gram: Symmetric,
    factor: Result<Cholesky, Unavailable>,
    /// Of errors that need more than R⁻¹; made when they are first asked for.
    influence: OnceLock<Vec<f64>>,
    /// Variances of the slopes and, last, of the intercept for residuals of variance one.
    unit_variances: Result<Vec<f64>, Unavailable>,
}

impl Design {
    /// Prepares the series of `panel`.
    ///
    /// # Errors
    /// `TooFewSeries` without a series, `TooFewReturns` unless there are two more periods than series,
    /// `ZeroDeviation` for a constant series, `MissingCells`, `NotFinite`. Collinear series are refused by
    /// [`Design::fit`] only: a ridge regression can take them.
    pub fn new(panel: &Panel) -> Result<Self, Unavailable> {
        if panel.size() == 0 {
            return Err(Because::TooFewSeries { needed: 1 }.into());
        }
        at_least(panel.size() as u64 + 2, panel.rows() as u64)?;
        panel.complete()?;
        let mut standardised = panel.values().to_vec();
        let (mut means, mut norms) = (Vec::new(), Vec::new());
        for column in standardised.chunks_exact_mut(panel.rows()) {
            let (mean, norm) = standardise(column)?;
            means.push(mean);
            norms.push(norm);
        }
        let columns: Vec<&[f64]> = standardised.chunks_exact(panel.rows()).collect();
        let mut gram = all_products(&columns);
        gram.iter_mut().step_by(columns.len() + 1).for_each(|cell| *cell = 1.0);
        let gram = Symmetric::of_mirrored(columns.len(), gram)?;
        let factor = Cholesky::new(&gram, COLLINEAR_FLOOR);
        let unit_variances = match &factor {
            Ok(factor) => unit_variances(factor, &means, &norms, panel.rows()),
            Err(unavailable) => Err(*unavailable),
        };
        Ok(Self {
            rows: panel.rows(),
            means,
            norms,
            standardised,
            gram,
            factor,
            influence: OnceLock::new(),
            unit_variances,
        })
    }

    /// Number of explaining series.
    pub fn size(&self) -> usize {
        self.means.len()
    }

    /// Periods.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Correlations of the explaining series.
    pub fn correlation(&self) -> &Symmetric {
        &self.gram
    }

    /// Regresses `explained` on the series.
    ///
    /// # Errors
    /// `LengthsDiffer`, `Collinear`, `NotFinite`.
    pub fn fit(&self, explained: &[f64], errors: StandardErrors) -> Result<Fit, Unavailable> {
        self.fit_centred(&self.centred(explained)?, errors)
    }

    pub(crate) fn fit_centred(&self, centred: &Centred, errors: StandardErrors) -> Result<Fit, Unavailable> {
        let factor = self.factor()?;
        let per_norm = factor.solve(&centred.products)?;
        let slopes: Vec<f64> = per_norm.iter().zip(&self.norms).map(|(value, norm)| value / norm).collect();
        let intercept = self.intercept(centred, &slopes)?;
        let residuals = self.residuals(centred, &slopes)?;
        let degrees = number((self.rows - self.size() - 1) as u64);
        let variance = residuals.squares / degrees;
        let variances: Vec<f64> = match errors {
            StandardErrors::Classical => {
                let of_unit = self.unit_variances.as_ref().map_err(|unavailable| *unavailable)?;
                of_unit.iter().map(|of_unit| variance * of_unit).collect()
            }
            StandardErrors::NeweyWest { lags } => self
                .influence(factor)?
                .chunks_exact(self.rows)
                .map(|influence| long_run(influence, &residuals.values, lags))
                .collect(),
        };
        let mut coefficients = slopes
            .iter()
            .copied()
            .chain([intercept])
            .zip(variances)
            .map(|(value, variance)| Coefficient::new(value, variance.max(0.0).sqrt(), degrees))
            .collect::<Result<Vec<_>, _>>()?;
        let intercept = coefficients.pop().ok_or(Because::Collinear)?;
        Ok(Fit {
            intercept,
            slopes: coefficients,
            r_squared: residuals.r_squared,
            residual_deviation: finite(variance.sqrt())?,
            count: self.rows as u64,
        })
    }

    /// Variance inflation factor of each series: 1/(1 − R²) of its regression on the others; 1 or more.
    ///
    /// # Errors
    /// `Collinear`.
    pub fn variance_inflation(&self) -> Result<Vec<f64>, Unavailable> {
        Ok(self.factor()?.inverse()?.diagonal().collect())
    }

    /// Ratio of the largest to the smallest singular value of the standardised series; 1 or more.
    ///
    /// # Errors
    /// `Collinear` when the smallest is zero up to rounding.
    pub fn condition_number(&self) -> Figure {
        let values = psd::eigen(&self.gram)?.values;
        match (values.first(), values.last()) {
            (Some(least), Some(most)) if *least > f64::EPSILON * most => finite((most / least).sqrt()),
            _ => Err(Because::Collinear.into()),
        }
    }

    fn factor(&self) -> Result<&Cholesky, Unavailable> {
        self.factor.as_ref().map_err(|unavailable| *unavailable)
    }

    /// Column j holds the weights with which the explained values add up to coefficient j: the rows of the
    /// pseudo-inverse. The intercept's come last.
    fn influence(&self, factor: &Cholesky) -> Result<&[f64], Unavailable> {
        if let Some(known) = self.influence.get() {
            return Ok(known);
        }
        let inverse = factor.inverse()?;
        let columns = || self.standardised.chunks_exact(self.rows);
        let mut influence = vec![0.0; self.standardised.len()];
        for ((into, cells), norm) in
            influence.chunks_exact_mut(self.rows).zip(inverse.rows()).zip(&self.norms)
        {
            for (column, cell) in columns().zip(cells) {
                let factor = cell / norm;
                into.iter_mut().zip(column).for_each(|(into, value)| *into += factor * value);
            }
        }
        let mut intercept = vec![1.0 / self.rows as f64; self.rows];
        for (of_slope, mean) in influence.chunks_exact(self.rows).zip(&self.means) {
            intercept.iter_mut().zip(of_slope).for_each(|(into, value)| *into -= mean * value);
        }
        influence.extend(intercept);
        Ok(self.influence.get_or_init(|| influence))
    }

    /// Lengths of the centred series: root of the sum of squared deviations.
    pub(crate) fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// What every fit of `explained` begins with.
    pub(crate) fn centred(&self, explained: &[f64]) -> Result<Centred, Unavailable> {
        if explained.len() != self.rows {
            return Err(Because::LengthsDiffer.into());
        }
        let mut values = explained.to_vec();
        let (mean, norm) = match centre(&mut values) {
            Ok(known) => known,
            // A constant series has coefficients (zero); what it lacks are t and R².
            Err(Unavailable { because: Because::ZeroDeviation }) => {
                values.fill(0.0);
                (finite(sum_of(explained, |value| value) / self.rows as f64)?, 0.0)
            }
            Err(unavailable) => return Err(unavailable),
        };
        let products = self.columns().map(|column| dot(column, &values)).collect();
        Ok(Centred { values, mean, norm, products })
    }

    /// The standardised series.
    fn columns(&self) -> impl Iterator<Item = &[f64]> {
        self.standardised.chunks_exact(self.rows)
    }

    /// ȳ − Σ slope · x̄.
    pub(crate) fn intercept(&self, centred: &Centred, slopes: &[f64]) -> Figure {
        let mut sum = Sum::default();
        sum.add(centred.mean);
        slopes.iter().zip(&self.means).for_each(|(slope, mean)| sum.add_product(-slope, *mean));
        sum.total()
    }

    pub(crate) fn residuals(&self, centred: &Centred, slopes: &[f64]) -> Result<Residuals, Unavailable> {
        let series: Vec<&[f64]> = [centred.values.as_slice()].into_iter().chain(self.columns()).collect();
        let explaining = slopes.iter().zip(&self.norms).map(|(slope, norm)| -(slope * norm));
        let weights: Vec<f64> = [1.0].into_iter().chain(explaining).collect();
        let mut values = vec![0.0; self.rows];
        add_weighted(&series, &weights, &mut values);
        let mut squares = finite(dot(&values, &values))?;
        if squares.sqrt() <= RESIDUAL_FLOOR * centred.norm {
            values.fill(0.0);
            squares = 0.0;
        }
        let r_squared = if centred.norm > 0.0 {
            Ok((1.0 - squares / (centred.norm * centred.norm)).clamp(0.0, 1.0))
        } else {
            Err(Because::ZeroDeviation.into())
        };
        Ok(Residuals { values, squares, r_squared })
    }
}

/// An explained series without its mean.
pub(crate) struct Centred {
    values: Vec<f64>,
    mean: f64,
    norm: f64,
    /// With each of the standardised series.
    pub(crate) products: Vec<f64>,
}

/// What a fit leaves unexplained.
pub(crate) struct Residuals {
    values: Vec<f64>,
    squares: f64,
    /// Share of the variance explained.
    pub(crate) r_squared: Figure,
}

impl Line {
    /// A fit on one series. `TooFewSeries` for one on none.
    pub(crate) fn of(fit: Fit) -> Result<Self, Unavailable> {
        Ok(Self {
            alpha: fit.intercept,
            beta: fit.slopes.first().copied().ok_or(Because::TooFewSeries { needed: 1 })?,
            r_squared: fit.r_squared,
            residual_deviation: fit.residual_deviation,
            count: fit.count,
        })
    }
}

impl Coefficient {
    fn new(value: f64, standard_error: f64, degrees: f64) -> Result<Self, Unavailable> {
        let t = if finite(standard_error)? > 0.0 {
            finite(value / standard_error)
        } else {
            Err(Because::ZeroDeviation.into())
        };
        Ok(Self { value: finite(value)?, standard_error, t, degrees })
    }

    /// Two-sided p value of t, 0 to 1. `ZeroDeviation` when the fit is exact.
    pub fn p(&self) -> Figure {
        two_sided_p(self.t?, self.degrees)
    }

    /// Whether the p value lies below `level`, a probability; no when there is none.
    pub fn significant(&self, level: f64) -> bool {
        self.p().is_ok_and(|p| p < level)
    }
}

/// The line through the pairs, with classical errors.
///
/// # Errors
/// `LengthsDiffer`, `TooFewReturns` below three pairs, `ZeroDeviation` when `explaining` does not vary,
/// `MissingCells` and `NotFinite`.
pub fn line(explained: &[f64], explaining: &[f64]) -> Result<Line, Unavailable> {
    if explained.len() != explaining.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let design = Design::new(&Panel::new(explaining, explaining.len())?)?;
    Line::of(design.fit(explained, StandardErrors::Classical)?)
}

/// R⁻¹_jj / norm_j² of the slopes and, last, 1/n + m'R⁻¹m of the intercept, with m the means over the norms.
fn unit_variances(
    factor: &Cholesky,
    means: &[f64],
    norms: &[f64],
    rows: usize,
) -> Result<Vec<f64>, Unavailable> {
    let scaled: Vec<f64> = means.iter().zip(norms).map(|(mean, norm)| mean / norm).collect();
    let of_intercept = 1.0 / rows as f64 + dot(&scaled, &factor.solve(&scaled)?);
    let inverse = factor.inverse()?;
    let of_slopes = inverse.diagonal().zip(norms).map(|(cell, norm)| cell / (norm * norm));
    Ok(of_slopes.chain([of_intercept]).collect())
}

/// Variance of Σ influence · y when the residuals' products at up to `lags` periods are not zero.
fn long_run(influence: &[f64], residuals: &[f64], lags: u32) -> f64 {
    let scores: Vec<f64> =
        influence.iter().zip(residuals).map(|(influence, residual)| influence * residual).collect();
    let lagged = |lag: u32| {
        let weight = 1.0 - f64::from(lag) / (f64::from(lags) + 1.0);
        weight * dot(scores.get(lag as usize..).unwrap_or_default(), &scores)
    };
    dot(&scores, &scores) + 2.0 * (1..=lags).take(scores.len()).map(lagged).sum::<f64>()
}
