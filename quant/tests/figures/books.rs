//! Laws of everything that is computed from several series: correlation, regression, risk and concentration.

use proptest::collection::vec;
use proptest::prelude::*;
use quant::beta::{BetaSource, factor_exposure};
use quant::clusters::clusters;
use quant::concentration::{concentration, gross_weights};
use quant::correlation::{CorrelationWorkspace, correlation_matrix};
use quant::covariance::{Centring, Weighting, correlation_of, covariance_matrix, portfolio_volatility};
use quant::diversification::{diversification_ratio, effective_positions, weighted_correlation};
use quant::linear::Symmetric;
use quant::panel::Panel;
use quant::psd::{EIGENVALUE_FLOOR, eigen, repair};
use quant::regression::{Design, StandardErrors, line};
use quant::ridge::Penalty;
use quant::risk_contributions::risk_contributions;
use quant::student_t::two_sided_p;
use quant::{Because, correlation};

const ROWS: usize = 24;

fn returns() -> impl Strategy<Value = f64> {
    -0.2..0.2f64
}

fn series(size: usize) -> impl Strategy<Value = Vec<f64>> {
    vec(returns(), size * ROWS)
}

/// Returns as they should not be: gaps, infinities, repeated and huge values.
fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => returns(),
        2 => Just(0.0),
        1 => prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(f64::MAX), Just(-f64::MAX), Just(1e-300), Just(5e-324)
        ],
    ]
}

fn panel(values: &[f64]) -> Panel<'_> {
    Panel::new(values, ROWS).unwrap()
}

fn covariance(values: &[f64]) -> Symmetric {
    covariance_matrix(&panel(values), Weighting::Equal, Centring::SampleMean).unwrap()
}

fn same(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1e-3)
}

proptest! {
    #[test]
    fn a_cell_is_the_correlation_of_its_pair(values in series(4)) {
        let matrix = correlation_matrix(&panel(&values), 2);
        for (i, j, rho) in matrix.pairs() {
            let (left, right) = (panel(&values).column(i).unwrap(), panel(&values).column(j).unwrap());
            prop_assert_eq!(rho, correlation(left, right));
            prop_assert_eq!(matrix.get(j, i), Some(rho));
        }
    }

    #[test]
    fn neither_scale_nor_mean_changes_a_correlation_and_a_short_changes_its_sign(
        values in series(2), scale in 0.1..10.0f64, shift in -0.1..0.1f64
    ) {
        let (left, right) = values.split_at(ROWS);
        let moved: Vec<f64> = left.iter().map(|value| scale * value + shift).collect();
        let short: Vec<f64> = left.iter().map(|value| -value).collect();
        let rho = correlation(left, right).unwrap();
        prop_assert!(same(correlation(&moved, right).unwrap(), rho));
        prop_assert_eq!(correlation(&short, right), Ok(-rho));
    }

    #[test]
    fn a_gap_removes_its_day_from_its_pairs_only(values in series(3), day in 0..ROWS) {
        let mut gapped = values.clone();
        gapped[day] = f64::NAN;
        let (whole, with_gap) = (correlation_matrix(&panel(&values), 2), correlation_matrix(&panel(&gapped), 2));
        let without = |column: usize| {
            let mut column = panel(&values).column(column).unwrap().to_vec();
            column.remove(day);
            column
        };
        prop_assert_eq!(with_gap.get(0, 1), Some(correlation(&without(0), &without(1))));
        prop_assert_eq!(with_gap.get(1, 2), whole.get(1, 2));
        prop_assert_eq!(with_gap.overlap(0, 2), Some(ROWS as u64 - 1));
    }

    #[test]
    fn a_used_workspace_gives_the_same_bits(first in series(5), second in series(3)) {
        let mut workspace = CorrelationWorkspace::default();
        workspace.matrix(&panel(&first), 2);
        prop_assert_eq!(workspace.matrix(&panel(&second), 2), correlation_matrix(&panel(&second), 2));
    }

    #[test]
    fn a_line_follows_its_series(values in series(2), scale in 0.1..10.0f64, shift in -0.1..0.1f64) {
        let (y, x) = values.split_at(ROWS);
        let moved: Vec<f64> = y.iter().map(|value| scale * value + shift).collect();
        let short: Vec<f64> = y.iter().map(|value| -value).collect();
        let (plain, moved, short) = (line(y, x).unwrap(), line(&moved, x).unwrap(), line(&short, x).unwrap());
        prop_assert!(same(moved.beta.value, scale * plain.beta.value));
        prop_assert!(same(moved.alpha.value, scale * plain.alpha.value + shift));
        prop_assert!(same(moved.beta.t.unwrap(), plain.beta.t.unwrap()));
        prop_assert_eq!(short.beta.value, -plain.beta.value);
        prop_assert_eq!(short.beta.p(), plain.beta.p());
    }

    #[test]
    fn the_square_of_the_correlation_is_the_share_explained(values in series(2)) {
        let (y, x) = values.split_at(ROWS);
        let (line, rho) = (line(y, x).unwrap(), correlation(y, x).unwrap());
        prop_assert!(same(line.r_squared.unwrap(), rho * rho));
        prop_assert!(same(line.beta.p().unwrap(), quant::student_t::correlation_p(rho, ROWS as u64).unwrap()));
    }

    #[test]
    fn residuals_know_nothing_of_the_factors(values in series(4)) {
        let (y, factors) = values.split_at(ROWS);
        let factors = panel(factors);
        let fit = Design::new(&factors).unwrap().fit(y, StandardErrors::NeweyWest { lags: 3 }).unwrap();
        let residual = |day: usize| {
            let explained: f64 =
                factors.columns().zip(&fit.slopes).map(|(factor, slope)| slope.value * factor[day]).sum();
            y[day] - fit.intercept.value - explained
        };
        for factor in factors.columns() {
            let product: f64 = (0..ROWS).map(|day| residual(day) * factor[day]).sum();
            prop_assert!(product.abs() < 1e-13);
        }
    }

    #[test]
    fn ridge_without_penalty_is_least_squares_and_with_one_explains_less(values in series(3)) {
        let (y, factors) = values.split_at(ROWS);
        let design = Design::new(&panel(factors)).unwrap();
        let fit = design.fit(y, StandardErrors::Classical).unwrap();
        let free = design.ridge(y, Penalty::Raw { alpha: 0.0 }).unwrap();
        for (ridge, ols) in free.slopes.iter().zip(&fit.slopes) {
            prop_assert!(same(*ridge, ols.value));
        }
        let paid = design.ridge(y, Penalty::Standardised { lambda: 3.0 }).unwrap();
        prop_assert!(paid.r_squared.unwrap() <= free.r_squared.unwrap() + 1e-12);
    }

    #[test]
    fn contributions_add_up_and_a_mirrored_book_has_the_same(
        values in series(4), weights in vec(-2.0..2.0f64, 4), scale in 0.1..10.0f64
    ) {
        let covariance = covariance(&values);
        let risk = risk_contributions(&covariance, &weights).unwrap();
        let scaled: Vec<f64> = weights.iter().map(|weight| -scale * weight).collect();
        let mirrored = risk_contributions(&covariance, &scaled).unwrap();
        prop_assert!(same(risk.contributions.iter().sum(), risk.volatility));
        prop_assert!(same(mirrored.volatility, scale * risk.volatility));
        for (share, mirrored) in risk.shares.iter().zip(&mirrored.shares) {
            prop_assert!(same(*share, *mirrored));
        }
    }

    #[test]
    fn diversification_never_adds_risk(values in series(3), weights in vec(-2.0..2.0f64, 3)) {
        let covariance = covariance(&values);
        prop_assert!(diversification_ratio(&covariance, &weights).unwrap() >= 1.0 - 1e-12);
        let correlation = correlation_of(&covariance).unwrap();
        prop_assert!(effective_positions(&correlation, &weights).unwrap() >= 1.0 - 1e-12);
    }

    #[test]
    fn the_volatility_of_a_book_is_that_of_its_returns(values in series(3), weights in vec(-2.0..2.0f64, 3)) {
        let book: Vec<f64> = (0..ROWS)
            .map(|day| panel(&values).columns().zip(&weights).map(|(series, weight)| weight * series[day]).sum())
            .collect();
        let direct = covariance_matrix(&panel(&book), Weighting::Equal, Centring::SampleMean).unwrap();
        let volatility = portfolio_volatility(&covariance(&values), &weights).unwrap();
        prop_assert!(same(volatility * volatility, direct.get(0, 0).unwrap()));
    }

    #[test]
    fn gross_weights_sum_to_one_and_bound_the_concentration(exposures in vec(-1e6..1e6f64, 1..40)) {
        prop_assume!(exposures.iter().any(|exposure| *exposure != 0.0));
        let weights = gross_weights(&exposures).unwrap();
        prop_assert!(same(weights.iter().sum(), 1.0));
        let book = concentration(&exposures).unwrap();
        prop_assert!(book.hhi <= 10_000.0 + 1e-6 && book.effective_positions <= exposures.len() as f64 + 1e-9);
        prop_assert!(book.top_3 <= book.top_10 && book.entropy_positions >= book.effective_positions - 1e-9);
    }

    #[test]
    fn factor_exposures_of_books_add_up(
        left in vec((-1e6..1e6f64, -3.0..3.0f64), 1..9), right in vec((-1e6..1e6f64, -3.0..3.0f64), 1..9)
    ) {
        let dollars = |book: &[(f64, f64)], sign: f64| {
            let exposures: Vec<f64> = book.iter().map(|(exposure, _)| sign * exposure).collect();
            let betas: Vec<_> = book.iter().map(|(_, beta)| Ok(*beta)).collect();
            factor_exposure(&exposures, &betas, 1e6, BetaSource::Joint).unwrap().dollars
        };
        let both = [&left[..], &right[..]].concat();
        prop_assert!((dollars(&both, 1.0) - dollars(&left, 1.0) - dollars(&right, 1.0)).abs() < 1e-6);
        prop_assert_eq!(dollars(&both, -1.0), -dollars(&both, 1.0));
    }

    #[test]
    fn a_repaired_matrix_is_a_correlation_matrix(cells in vec(-1.0..1.0f64, 10)) {
        let mut next = cells.iter();
        let matrix =
            Symmetric::from_fn(5, |i, j| Ok(if i == j { 1.0 } else { *next.next().unwrap() })).unwrap();
        let least = |matrix: &Symmetric| eigen(matrix).unwrap().values[0];
        let repaired = repair(&matrix).unwrap();
        prop_assert_eq!(repaired.psd_adjusted, least(&matrix) < -EIGENVALUE_FLOOR);
        prop_assert!(least(&repaired.matrix) >= -EIGENVALUE_FLOOR);
        prop_assert!(repaired.matrix.diagonal().all(|cell| cell == 1.0));
        prop_assert_eq!(repaired.max_change > 0.0, repaired.psd_adjusted);
    }

    #[test]
    fn a_p_value_falls_as_t_rises(t in 0.0..40.0f64, step in 0.01..5.0f64, degrees in 1.0..3000.0f64) {
        let p = |t: f64| two_sided_p(t, degrees).unwrap();
        prop_assert!((0.0..=1.0).contains(&p(t)));
        prop_assert!(p(t + step) < p(t) || p(t) < 1e-300);
        prop_assert_eq!(p(t), p(-t));
    }

    #[test]
    fn whatever_the_series_only_numbers_leave(values in vec(hostile(), 4 * ROWS), weights in vec(hostile(), 4)) {
        let panel = panel(&values);
        let matrix = correlation_matrix(&panel, 3);
        prop_assert!(matrix.rows().flatten().flatten().all(|rho| (-1.0..=1.0).contains(rho)));
        for (i, j, _) in matrix.pairs() {
            prop_assert!(matrix.p_value(i, j).is_ok_and(|p| (0.0..=1.0).contains(&p)) || matrix.p_value(i, j).is_err());
        }
        prop_assert!(clusters(&matrix, 0.7).is_ok());
        if let Ok(summary) = matrix.summary() {
            prop_assert!(summary.mean.is_finite() && summary.mean_absolute.is_finite());
        }
        if let Ok(weighted) = weighted_correlation(&matrix, &weights) {
            prop_assert!((0.0..=1.0).contains(&weighted.absolute) && (0.0..=1.0).contains(&weighted.coverage));
        }
        for centring in [Centring::SampleMean, Centring::Zero] {
            for weighting in [Weighting::Equal, Weighting::Exponential { lambda: 0.94 }] {
                let Ok(covariance) = covariance_matrix(&panel, weighting, centring) else { continue };
                if let Ok(risk) = risk_contributions(&covariance, &weights) {
                    prop_assert!(risk.shares.iter().all(|share| share.is_finite()));
                }
                prop_assert!(diversification_ratio(&covariance, &weights).is_ok_and(f64::is_finite)
                    || diversification_ratio(&covariance, &weights).is_err());
            }
        }
        let (y, factors) = values.split_at(ROWS);
        if let Ok(design) = Design::new(&Panel::new(factors, ROWS).unwrap()) {
            if let Ok(fit) = design.fit(y, StandardErrors::NeweyWest { lags: 2 }) {
                for slope in &fit.slopes {
                    prop_assert!(slope.value.is_finite() && slope.standard_error.is_finite());
                    prop_assert!(slope.t.is_err() || slope.p().is_ok());
                }
            }
            if let Ok(ridge) = design.ridge(y, Penalty::Standardised { lambda: 1.0 }) {
                prop_assert!(ridge.slopes.iter().all(|slope| slope.is_finite()));
            }
        }
    }
}

#[test]
fn collinear_factors_have_no_coefficients() {
    let day = |day: usize, frequency: f64| libm::sin(day as f64 * frequency);
    let (first, second): (Vec<f64>, Vec<f64>) = (0..ROWS).map(|at| (day(at, 1.0), day(at, 1.7))).unzip();
    let both: Vec<f64> =
        first.iter().zip(&second).map(|(first, second)| 0.3 * first - 0.7 * second).collect();
    let values = [&first[..], &second, &both].concat();
    let design = Design::new(&panel(&values)).unwrap();
    assert_eq!(design.fit(&first, StandardErrors::Classical), Err(Because::Collinear.into()));
    assert_eq!(design.variance_inflation(), Err(Because::Collinear.into()));
}
