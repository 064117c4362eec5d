//! Regressions: on the index, on factor funds, joint, ridge; and the smooth series.

use quant::beta::{BETA_WINDOW, BetaSource, SPREAD_WINDOW, beta, factor_exposure};
use quant::covariance::{Centring, Weighting, covariance_matrix};
use quant::factors::{JointEstimate, JointFactors, implied_univariate_beta};
use quant::panel::{Panel, last};
use quant::regression::{Coefficient, Design, Fit, Line, StandardErrors, line};
use quant::ridge::{Penalty, RidgeFit};
use quant::spread::{Magnitude, Spread, spread_beta};
use quant::stress::{Pricing, Shock, StressPosition, stress};
use serde_json::Value;

use crate::smooth::{a, c, g, m, of, v};
use crate::support::{Case, cases, close, number};

const RELATIVE: f64 = 1e-9;
const FUNDS: [&str; 5] = ["MTUM", "QUAL", "SIZE", "USMV", "VLUE"];

/// The first case, whose window the factor funds cover.
fn funded() -> Case {
    cases().remove(0)
}

fn design(funds: &[Vec<f64>], count: usize) -> Design {
    let values: Vec<f64> = funds.iter().flat_map(|fund| last(fund, count)).copied().collect();
    Design::new(&Panel::new(&values, count).unwrap()).unwrap()
}

#[track_caller]
fn coefficient_matches(coefficient: &Coefficient, block: &Value, name: &str, relative: f64) {
    close(coefficient.value, number(&block["coef"][name]), relative);
    close(coefficient.standard_error, number(&block["stderr"][name]), relative);
    close(coefficient.t.unwrap(), number(&block["t"][name]), relative);
    close(coefficient.p().unwrap(), number(&block["p"][name]), relative);
}

fn ols_matches(design: &Design, returns: &[f64], block: &Value) {
    let fit = design.fit(returns, StandardErrors::Classical).unwrap();
    coefficient_matches(&fit.intercept, block, "const", RELATIVE);
    for (slope, fund) in fit.slopes.iter().zip(FUNDS) {
        coefficient_matches(slope, block, fund, RELATIVE);
    }
    close(fit.r_squared.unwrap(), number(&block["r2"]), RELATIVE);
    close(fit.residual_deviation, number(&block["resid_std"]), RELATIVE);
    assert_eq!(fit.count, block["nobs"].as_u64().unwrap());

    let robust = design.fit(returns, StandardErrors::NeweyWest { lags: 5 }).unwrap();
    let named = [&robust.intercept].into_iter().chain(&robust.slopes).zip(["const"].into_iter().chain(FUNDS));
    for (coefficient, name) in named {
        close(coefficient.standard_error, number(&block["stderr_hac5"][name]), RELATIVE);
        close(coefficient.t.unwrap(), number(&block["t_hac5"][name]), RELATIVE);
    }
}

#[test]
fn least_squares_on_five_funds() {
    let case = funded();
    let (funds, returns) = (case.funds(&FUNDS), case.portfolio());
    let factors = case.block("factors");
    ols_matches(&design(&funds, returns.len()), &returns, &factors["ols"]);
    ols_matches(&design(&funds, 252), last(&returns, 252), &factors["ols_last252"]);
}

#[test]
fn variance_inflation_of_five_funds() {
    let case = funded();
    let design = design(&case.funds(&FUNDS), case.portfolio().len());
    for (value, fund) in design.variance_inflation().unwrap().iter().zip(FUNDS) {
        close(*value, number(&case.block("factors")["vif"][fund]), RELATIVE);
    }
}

#[track_caller]
fn ridge_matches(fit: &RidgeFit, block: &Value) {
    for (slope, fund) in fit.slopes.iter().zip(FUNDS) {
        close(*slope, number(&block["coef"][fund]), RELATIVE);
    }
    close(fit.intercept, number(&block["const"]), RELATIVE);
    close(fit.r_squared.unwrap(), number(&block["r2"]), RELATIVE);
}

#[test]
fn ridge_on_five_funds() {
    let case = funded();
    let (funds, returns) = (case.funds(&FUNDS), case.portfolio());
    let whole = design(&funds, returns.len());
    let penalties = |name: &str| {
        let block = case.block("factors")[name].as_object().unwrap();
        block
            .iter()
            .map(|(weight, block)| (weight.parse::<f64>().unwrap(), block.clone()))
            .collect::<Vec<_>>()
    };
    for (alpha, block) in penalties("ridge_raw") {
        ridge_matches(&whole.ridge(&returns, Penalty::Raw { alpha }).unwrap(), &block);
    }
    for (lambda, block) in penalties("ridge_standardized") {
        ridge_matches(&whole.ridge(&returns, Penalty::Standardised { lambda }).unwrap(), &block);
    }
    let recent = design(&funds, 90);
    ridge_matches(
        &recent.ridge(last(&returns, 90), Penalty::Standardised { lambda: 1.0 }).unwrap(),
        &case.block("contract")["ridge_90_lambda1"],
    );
}

#[track_caller]
fn line_matches(line: &Line, block: &Value) {
    close(line.alpha.value, number(&block["alpha"]), RELATIVE);
    close(line.beta.value, number(&block["beta"]), RELATIVE);
    close(line.beta.standard_error, number(&block["se"]), RELATIVE);
    close(line.beta.t.unwrap(), number(&block["t"]), RELATIVE);
    close(line.beta.p().unwrap(), number(&block["p"]), RELATIVE);
    close(line.r_squared.unwrap(), number(&block["r2"]), RELATIVE);
    close(line.residual_deviation, number(&block["resid_sd"]), RELATIVE);
}

#[test]
fn betas_on_the_index() {
    for case in cases() {
        let (index, block) = (case.index(), &case.block("contract")["beta_90"]);
        let mut betas = Vec::new();
        for (ticker, returns) in case.tickers().iter().zip(case.returns()) {
            let beta = beta(&returns, &index, BETA_WINDOW).unwrap();
            line_matches(&beta.line, &block[ticker]);
            assert!(!beta.limited_history && !beta.was_capped);
            betas.push(Ok(beta.capped));
        }
        line_matches(&beta(&case.portfolio(), &index, BETA_WINDOW).unwrap().line, &block["portfolio"]);
        let book = factor_exposure(&case.end_weights(), &betas, 1.0, BetaSource::Univariate).unwrap();
        close(book.beta, number(&case.block("contract")["portfolio_beta_from_positions"]), RELATIVE);
    }
}

#[test]
fn beta_and_alpha_of_the_whole_window() {
    for case in cases() {
        let (index, stats) = (case.index(), case.block("stats"));
        let whole = line(&case.portfolio(), &index).unwrap();
        close(whole.beta.value, number(&stats["beta"]), RELATIVE);
        close(whole.alpha.value, number(&stats["alpha_daily"]), RELATIVE);
        close(whole.beta.t.unwrap(), number(&stats["beta_t"]), RELATIVE);
        close(whole.alpha.t.unwrap(), number(&stats["alpha_t"]), RELATIVE);
        for (ticker, returns) in case.tickers().iter().zip(case.returns()) {
            let line = line(&returns, &index).unwrap();
            close(line.beta.value, number(&case.block("positions")[ticker]["beta"]), RELATIVE);
            close(line.r_squared.unwrap(), number(&case.block("positions")[ticker]["r2"]), RELATIVE);
        }
    }
}

#[test]
fn the_joint_model_adds_up_to_the_univariate_beta() {
    let case = funded();
    let (index, funds, returns) = (case.index(), case.funds(&FUNDS), case.portfolio());
    let styles: Vec<&[f64]> = funds.iter().map(|fund| last(fund, 252)).collect();
    let factors = JointFactors::new(last(&index, 252), &styles, None).unwrap();
    let joint = factors.betas(last(&returns, 252), StandardErrors::Classical).unwrap();
    let block = &case.block("contract")["joint_spread_ols_252"];
    let JointEstimate::Ols(Fit { intercept, slopes, r_squared, .. }) = &joint.estimate else {
        panic!("the condition is far from needing ridge");
    };
    coefficient_matches(intercept, block, "const", RELATIVE);
    coefficient_matches(&slopes[0], block, "SP500", RELATIVE);
    for (slope, fund) in slopes[1..].iter().zip(FUNDS) {
        coefficient_matches(slope, block, &format!("{fund}-SP500"), RELATIVE);
    }
    close(r_squared.unwrap(), number(&block["r2"]), RELATIVE);
    close(factors.condition_number().unwrap(), number(&block["condition_number_standardised"]), RELATIVE);

    let covariance =
        covariance_matrix(&factors.panel().unwrap(), Weighting::Equal, Centring::SampleMean).unwrap();
    let implied = implied_univariate_beta(&covariance, &joint.betas, 0).unwrap();
    close(implied, number(&case.block("contract")["joint_identity_market_beta"]), RELATIVE);
    close(implied, line(last(&returns, 252), last(&index, 252)).unwrap().beta.value, RELATIVE);
}

#[test]
fn a_smooth_position_on_a_smooth_market() {
    let line = line(&of(a, 1..=90), &of(m, 1..=90)).unwrap();
    close(line.alpha.value, 0.0005125328, 1e-7);
    close(line.beta.value, 1.1989565080, RELATIVE);
    close(line.beta.standard_error, 0.0380112940, RELATIVE * 2.0);
    close(line.r_squared.unwrap(), 0.9187370899, RELATIVE);
    close(line.residual_deviation, 0.0028679827, 1e-7);
}

#[test]
fn overlapping_factors_flip_a_sign_when_taken_together() {
    let (market, factor, position) = (of(m, 1..=90), of(g, 1..=90), of(c, 1..=90));
    let values = [&market[..], &factor[..]].concat();
    let panel = Panel::new(&values, 90).unwrap();
    let design = Design::new(&panel).unwrap();
    let fit = design.fit(&position, StandardErrors::Classical).unwrap();
    let joint = [fit.slopes[0].value, fit.slopes[1].value];
    close(joint[0], 1.0990818788, RELATIVE);
    close(joint[1], -0.6014662727, RELATIVE);
    close(design.correlation().get(0, 1).unwrap(), 0.8209750521, RELATIVE);
    for inflation in design.variance_inflation().unwrap() {
        close(inflation, 3.0674850, 1e-7);
    }
    let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
    for (factor, (series, expected)) in
        [(&market, 0.7919437828), (&factor, 0.8492001501)].into_iter().enumerate()
    {
        close(line(&position, series).unwrap().beta.value, expected, RELATIVE);
        close(implied_univariate_beta(&covariance, &joint, factor).unwrap(), expected, RELATIVE);
    }
    close(covariance.get(0, 1).unwrap(), 3.2663306e-5, 1e-7);
    close(covariance.get(0, 0).unwrap(), 6.3964312e-5, 1e-7);
}

#[test]
fn overlapping_factors_lose_a_market_fall_once() {
    let values = [of(m, 1..=90), of(g, 1..=90)].concat();
    let panel = Panel::new(&values, 90).unwrap();
    let fit = Design::new(&panel).unwrap().fit(&of(c, 1..=90), StandardErrors::Classical).unwrap();
    let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
    let position = StressPosition {
        exposure: 1.0,
        betas: fit.slopes.iter().map(|slope| slope.value).collect(),
        pricing: Pricing::Linear,
    };
    let fall = stress(&[position], 1.0, &covariance, &[Shock { factor: 0, size: -0.10 }]).unwrap();
    close(fall.correlated.share_of_equity, -0.07919437828, RELATIVE);
    close(fall.direct.share_of_equity, -0.10990818788, RELATIVE);
}

#[test]
fn a_spread_that_explains_nothing_says_so() {
    let tilt = spread_beta(Spread::GrowthValue, &of(a, 1..=60), &of(v, 1..=60)).unwrap();
    close(tilt.beta.line.beta.value, -0.0905030765, RELATIVE);
    close(tilt.beta.line.alpha.value, 0.0007658107, 1e-7);
    close(tilt.beta.line.r_squared.unwrap(), 0.0017391294, 1e-7);
    close(tilt.beta.line.beta.p().unwrap(), 0.7517, 1e-4);
    assert_eq!((tilt.magnitude, tilt.direction()), (Magnitude::Mild, "Value"));
    assert!(tilt.sentence().starts_with("No significant tilt"));
    assert!(tilt.beta.limited_history && SPREAD_WINDOW.returns_min == 60);
}
