//! What makes a portfolio optimal, on random covariances, and matrices that are none.

use proptest::prelude::*;
use quant::figure::Because;
use quant::optimal::hierarchical::hierarchical_risk_parity;
use quant::optimal::risk_parity::equal_risk_contribution;
use quant::optimal::{Covariance, NoPortfolio, OptimalPortfolio, max_sharpe, min_variance};

/// Covariances of up to twelve assets that share some factors, and their means.
fn assets() -> impl Strategy<Value = (Covariance, Vec<f64>)> {
    (1usize..12).prop_flat_map(|size| {
        let loadings = prop::collection::vec(prop::array::uniform3(-1.0..1.0f64), size);
        let own = prop::collection::vec(0.01..1.0f64, size);
        let scales = prop::collection::vec(0.001..0.1f64, size);
        let means = prop::collection::vec(-0.01..0.01f64, size);
        (loadings, own, scales, means).prop_map(|(loadings, own, scales, means)| {
            let cell = |i: usize, j: usize| {
                let common: f64 =
                    loadings[i].iter().zip(&loadings[j]).map(|(left, right)| left * right).sum();
                (common + if i == j { own[i] } else { 0.0 }) * scales[i] * scales[j]
            };
            let rows = (0..own.len()).map(|i| (0..own.len()).map(|j| cell(i, j)).collect()).collect();
            (Covariance::from_rows(rows).unwrap(), means)
        })
    })
}

fn times(covariance: &Covariance, weights: &[f64]) -> Vec<f64> {
    let row = |row: &Vec<f64>| row.iter().zip(weights).map(|(cell, weight)| cell * weight).sum();
    covariance.rows().iter().map(row).collect()
}

fn fully_invested(portfolio: &OptimalPortfolio) -> bool {
    (portfolio.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12
        && portfolio.weights.iter().all(|weight| *weight >= 0.0)
}

proptest! {
    #[test]
    fn no_asset_would_lower_the_least_variance((covariance, _) in assets()) {
        let portfolio = min_variance(&covariance).unwrap();
        prop_assert!(fully_invested(&portfolio));
        for (marginal, weight) in times(&covariance, &portfolio.weights).iter().zip(&portfolio.weights) {
            prop_assert!(*marginal >= portfolio.variance * (1.0 - 1e-9));
            prop_assert!(*weight == 0.0 || (marginal / portfolio.variance - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn no_asset_would_raise_the_greatest_ratio((covariance, means) in assets()) {
        let found = max_sharpe(&covariance, &means);
        if means.iter().all(|mean| *mean <= 0.0) {
            prop_assert_eq!(found, Err(NoPortfolio::NoPositiveMean));
        } else {
            let portfolio = found.unwrap();
            prop_assert!(fully_invested(&portfolio));
            let mean: f64 = portfolio.weights.iter().zip(&means).map(|(weight, mean)| weight * mean).sum();
            let marginals = times(&covariance, &portfolio.weights);
            for ((marginal, own), weight) in marginals.iter().zip(&means).zip(&portfolio.weights) {
                let gain = own - marginal * mean / portfolio.variance;
                prop_assert!(gain <= 1e-9 * mean, "gain {} weight {}", gain, weight);
                prop_assert!(*weight == 0.0 || gain.abs() <= 1e-9 * mean);
            }
        }
    }

    #[test]
    fn every_asset_adds_the_same_risk((covariance, _) in assets()) {
        let portfolio = equal_risk_contribution(&covariance).unwrap();
        prop_assert!(fully_invested(&portfolio));
        let share = portfolio.variance / covariance.size() as f64;
        for (marginal, weight) in times(&covariance, &portfolio.weights).iter().zip(&portfolio.weights) {
            prop_assert!((marginal * weight / share - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn halves_share_the_weight_and_the_unit_does_not_matter((covariance, means) in assets()) {
        let portfolio = hierarchical_risk_parity(&covariance).unwrap();
        prop_assert!(fully_invested(&portfolio));
        let rows = covariance.rows().iter().map(|row| row.iter().map(|cell| cell * 10_000.0).collect());
        let scaled = Covariance::from_rows(rows.collect()).unwrap();
        let same = |left: Vec<f64>, right: Vec<f64>| {
            left.iter().zip(&right).all(|(left, right)| (left - right).abs() < 1e-9)
        };
        prop_assert!(same(portfolio.weights, hierarchical_risk_parity(&scaled).unwrap().weights));
        prop_assert!(same(min_variance(&covariance).unwrap().weights, min_variance(&scaled).unwrap().weights));
        let parity = equal_risk_contribution(&covariance).unwrap().weights;
        prop_assert!(same(parity, equal_risk_contribution(&scaled).unwrap().weights));
        if let (Ok(left), Ok(right)) = (max_sharpe(&covariance, &means), max_sharpe(&scaled, &means)) {
            prop_assert!(same(left.weights, right.weights));
        }
    }
}

#[test]
fn what_is_no_covariance_matrix_is_refused() {
    let refused = |rows: &[&[f64]]| Covariance::from_rows(rows.iter().map(|row| row.to_vec()).collect());
    assert_eq!(refused(&[]), Err(NoPortfolio::NoAssets));
    assert_eq!(refused(&[&[1.0, 0.0]]), Err(NoPortfolio::LengthsDiffer));
    assert_eq!(refused(&[&[f64::NAN]]), Err(NoPortfolio::NotFinite));
    assert_eq!(refused(&[&[0.0]]), Err(NoPortfolio::NotPositiveDefinite));
    assert_eq!(refused(&[&[1.0, 0.5], &[0.4, 1.0]]), Err(NoPortfolio::NotSymmetric));
    let one: &[f64] = &[0.1];
    let few = NoPortfolio::Returns(Because::TooFewReturns { needed: 2 }.into());
    assert_eq!(Covariance::of_returns(&[one]), Err(few));
}

#[test]
fn a_portfolio_that_is_not_the_only_best_one_is_refused() {
    let twins = Covariance::from_rows(vec![vec![1.0, -1.0], vec![-1.0, 1.0]]).unwrap();
    assert_eq!(min_variance(&twins), Err(NoPortfolio::NotPositiveDefinite));
    assert_eq!(hierarchical_risk_parity(&twins).unwrap().weights, [0.5, 0.5]);
    let alone = Covariance::from_rows(vec![vec![1.0]]).unwrap();
    assert_eq!(max_sharpe(&alone, &[-0.1]), Err(NoPortfolio::NoPositiveMean));
    assert_eq!(max_sharpe(&alone, &[f64::NAN]), Err(NoPortfolio::NotFinite));
    assert_eq!(max_sharpe(&alone, &[0.1, 0.2]), Err(NoPortfolio::LengthsDiffer));
}

#[test]
fn extreme_scales_give_weights_or_a_refusal() {
    for scale in [1e-300, 1e-12, 1e12, 1e300] {
        let covariance =
            Covariance::from_rows(vec![vec![scale, 0.1 * scale], vec![0.1 * scale, 4.0 * scale]]).unwrap();
        for found in [
            min_variance(&covariance),
            max_sharpe(&covariance, &[1e300, 1e-300]),
            equal_risk_contribution(&covariance),
            hierarchical_risk_parity(&covariance),
        ] {
            match found {
                Ok(portfolio) => assert!(fully_invested(&portfolio), "{portfolio:?}"),
                Err(refusal) => assert_eq!(refusal, NoPortfolio::NotFinite),
            }
        }
    }
}
