//! Correlations, diversification, concentration and risk contributions of the reference portfolios.

use quant::clusters::clusters;
use quant::concentration::concentration;
use quant::correlation::{OVERLAP_MIN, correlation_matrix};
use quant::covariance::{
    Centring, EWMA_LAMBDA, Weighting, correlation_of, covariance_matrix, portfolio_volatility,
};
use quant::diversification::{diversification_ratio, effective_positions, weighted_correlation};
use quant::panel::{Panel, last};
use quant::risk_contributions::risk_contributions;
use quant::student_t::correlation_p;
use serde_json::Value;

use crate::smooth::{a, b, m, of, v};
use crate::support::{cases, close, number};

const RELATIVE: f64 = 1e-9;

fn tail(series: &[Vec<f64>], count: usize) -> Vec<f64> {
    series.iter().flat_map(|series| last(series, count)).copied().collect()
}

fn log(series: &[Vec<f64>]) -> Vec<Vec<f64>> {
    series.iter().map(|series| series.iter().map(|value| libm::log1p(*value)).collect()).collect()
}

fn matrix_matches(values: &[f64], rows: usize, expected: &Value) {
    let matrix = correlation_matrix(&Panel::new(values, rows).unwrap(), OVERLAP_MIN);
    for (row, expected) in matrix.rows().zip(expected.as_array().unwrap()) {
        for (cell, expected) in row.iter().zip(expected.as_array().unwrap()) {
            close(cell.unwrap(), number(expected), RELATIVE);
        }
    }
    assert_eq!(matrix.size(), expected.as_array().unwrap().len());
}

#[test]
fn correlations_and_what_follows_from_them() {
    for case in cases() {
        let (series, weights) = (case.returns(), case.end_weights());
        for (name, count) in [("full", series[0].len()), ("last90", 90)] {
            let block = &case.block("cross_section")[name];
            let values = tail(&series, count);
            let panel = Panel::new(&values, count).unwrap();
            matrix_matches(&values, count, &block["corr"]);
            let matrix = correlation_matrix(&panel, OVERLAP_MIN);
            let summary = matrix.summary().unwrap();
            close(summary.mean, number(&block["average_pairwise"]), RELATIVE);
            close(summary.mean_absolute, number(&block["average_abs_pairwise"]), RELATIVE);
            let weighted = weighted_correlation(&matrix, &weights).unwrap();
            close(weighted.signed, number(&block["weighted_average_pairwise"]), RELATIVE);
            close(weighted.absolute, number(&block["weighted_average_abs_pairwise"]), RELATIVE);
            close(weighted.diversification_score, number(&block["diversification_score"]), RELATIVE);
            let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
            let ratio = diversification_ratio(&covariance, &weights).unwrap();
            close(ratio, number(&block["diversification_ratio"]), RELATIVE);
            let effective = effective_positions(&matrix.complete().unwrap(), &weights).unwrap();
            close(effective, number(&block["effective_positions_corr"]), RELATIVE);
        }
    }
}

#[test]
fn concentration_of_the_end_weights() {
    for case in cases() {
        let (block, book) = (case.block("cross_section"), concentration(&case.end_weights()).unwrap());
        close(book.hhi, 10_000.0 * number(&block["hhi"]), RELATIVE);
        close(book.hhi, number(&case.block("contract")["hhi_10000"]), RELATIVE);
        close(book.effective_positions, number(&block["effective_n"]), RELATIVE);
        close(book.entropy_positions, number(&block["entropy_n"]), RELATIVE);
        close(book.top_3, number(&block["top3_weight"]), RELATIVE);
    }
}

#[test]
fn log_correlations_of_the_last_ninety_days() {
    for case in cases() {
        let block = &case.block("contract")["correlation_log_90"];
        let values = tail(&log(&case.returns()), 90);
        matrix_matches(&values, 90, &block["matrix"]);
        let matrix = correlation_matrix(&Panel::new(&values, 90).unwrap(), OVERLAP_MIN);
        let summary = matrix.summary().unwrap();
        close(summary.mean, number(&block["average_correlation"]), RELATIVE);
        close(summary.mean_absolute, number(&block["overall_correlation_abs"]), RELATIVE);
        let weighted = weighted_correlation(&matrix, &case.end_weights()).unwrap();
        close(weighted.absolute, number(&block["weighted_abs_correlation"]), RELATIVE);
        let effective = effective_positions(&matrix.complete().unwrap(), &case.end_weights()).unwrap();
        close(effective, number(&block["effective_positions"]), RELATIVE);
    }
}

#[test]
fn risk_comes_from_the_positions() {
    for case in cases() {
        let (series, weights) = (case.returns(), case.end_weights());
        let values = tail(&series, series[0].len());
        let panel = Panel::new(&values, series[0].len()).unwrap();
        let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
        let risk = risk_contributions(&covariance, &weights).unwrap();
        for ((ticker, share), i) in case.tickers().iter().zip(&risk.shares).zip(0..) {
            let block = &case.block("positions")[ticker];
            close(*share, number(&block["risk_contribution_full"]), RELATIVE);
            let deviation = covariance.get(i, i).unwrap().sqrt() * 252f64.sqrt();
            close(deviation, number(&block["vol_annual"]), RELATIVE);
        }
        close(risk.volatility, portfolio_volatility(&covariance, &weights).unwrap(), 1e-15);
    }
}

#[test]
fn exponential_correlation_of_the_first_two() {
    for case in cases() {
        let Some(block) = case.block("contract").get("ewma_correlation_252_first_two") else { continue };
        let values = tail(&case.returns()[..2], 252);
        let panel = Panel::new(&values, 252).unwrap();
        for (centring, name) in [(Centring::SampleMean, "demeaned"), (Centring::Zero, "zero_mean")] {
            let weighting = Weighting::Exponential { lambda: EWMA_LAMBDA };
            let correlation =
                correlation_of(&covariance_matrix(&panel, weighting, centring).unwrap()).unwrap();
            close(correlation.get(0, 1).unwrap(), number(&block[name]), RELATIVE);
        }
    }
}

#[test]
fn exponential_correlation_of_smooth_series() {
    let values = [of(m, 1..=60), of(v, 1..=60)].concat();
    let panel = Panel::new(&values, 60).unwrap();
    let rho = |weighting, centring| {
        correlation_of(&covariance_matrix(&panel, weighting, centring).unwrap()).unwrap().get(0, 1).unwrap()
    };
    let exponential = Weighting::Exponential { lambda: EWMA_LAMBDA };
    close(rho(exponential, Centring::SampleMean), -0.1152385915, RELATIVE);
    close(rho(exponential, Centring::Zero), -0.1127700080, RELATIVE);
    close(rho(Weighting::Equal, Centring::SampleMean), -0.0418984544, RELATIVE * 2.0);
}

#[test]
fn correlations_of_smooth_series() {
    let simple = [of(a, 1..=90), of(b, 1..=90), of(v, 1..=90)];
    let values = log(&simple).concat();
    let matrix = correlation_matrix(&Panel::new(&values, 90).unwrap(), OVERLAP_MIN);
    for ((i, j), expected) in [((0, 1), 0.9078019338), ((0, 2), 0.0118153870), ((1, 2), 0.0199764572)] {
        close(matrix.get(i, j).unwrap().unwrap(), expected, 1e-8);
    }
    close(matrix.summary().unwrap().mean_absolute, 0.3131979260, RELATIVE);
    assert_eq!(clusters(&matrix, 0.7), Ok(vec![vec![0, 1]]));
    let effective = effective_positions(&matrix.complete().unwrap(), &[0.5, 0.3, 0.2]).unwrap();
    close(effective, 1.5218364529, RELATIVE);
    close(quant::correlation(&simple[0], &simple[1]).unwrap(), 0.9079290307, RELATIVE);
    assert_eq!(matrix.p_value(0, 2), correlation_p(matrix.get(0, 2).unwrap().unwrap(), 90));
    assert!(matrix.p_value(0, 1).unwrap() < 1e-30 && matrix.p_value(0, 2).unwrap() > 0.9);
}
