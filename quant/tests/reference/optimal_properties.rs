//! What makes a portfolio optimal, on random covariances, and matrices that are none.

use proptest::prelude::*;
use quant::linear::Symmetric;
use quant::optimal::hierarchical::hierarchical_risk_parity;
use quant::optimal::risk_parity::equal_risk_contribution;
use quant::optimal::{NoPortfolio, OptimalPortfolio, max_sharpe, min_variance};

/// Covariances of up to twelve assets that share some factors, and their means.
fn assets() -> impl Strategy<Value = (Symmetric, Vec<f64>)> {
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
            let rows: Vec<Vec<f64>> =
                (0..own.len()).map(|i| (0..own.len()).map(|j| cell(i, j)).collect()).collect();
            (Symmetric::from_rows(&rows).unwrap(), means)
        })
    })
}

fn times(covariance: &Symmetric, weights: &[f64]) -> Vec<f64> {
    let row = |row: &[f64]| row.iter().zip(weights).map(|(cell, weight)| cell * weight).sum();
    covariance.rows().map(row).collect()
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
        let rows = covariance.rows().map(|row| row.iter().map(|cell| cell * 10_000.0).collect());
        let scaled = Symmetric::from_rows(&rows.collect::<Vec<_>>()).unwrap();
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
    let of = |rows: &[Vec<f64>]| Symmetric::from_rows(rows).unwrap();
    for (matrix, refusal) in
        [(of(&[]), NoPortfolio::NoAssets), (of(&[vec![0.0]]), NoPortfolio::NotPositiveDefinite)]
    {
        assert_eq!(min_variance(&matrix), Err(refusal));
        assert_eq!(max_sharpe(&matrix, &[]), Err(refusal));
        assert_eq!(equal_risk_contribution(&matrix), Err(refusal));
        assert_eq!(hierarchical_risk_parity(&matrix), Err(refusal));
    }
}

#[test]
fn a_portfolio_that_is_not_the_only_best_one_is_refused() {
    let twins = Symmetric::from_rows(&[vec![1.0, -1.0], vec![-1.0, 1.0]]).unwrap();
    assert_eq!(min_variance(&twins), Err(NoPortfolio::NotPositiveDefinite));
    assert_eq!(hierarchical_risk_parity(&twins).unwrap().weights, [0.5, 0.5]);
    let alone = Symmetric::from_rows(&[vec![1.0]]).unwrap();
    assert_eq!(max_sharpe(&alone, &[-0.1]), Err(NoPortfolio::NoPositiveMean));
    assert_eq!(max_sharpe(&alone, &[f64::NAN]), Err(NoPortfolio::NotFinite));
    assert_eq!(max_sharpe(&alone, &[0.1, 0.2]), Err(NoPortfolio::LengthsDiffer));
}

#[test]
fn extreme_scales_give_weights_or_a_refusal() {
    for scale in [1e-300, 1e-12, 1e12, 1e300] {
        let covariance =
            Symmetric::from_rows(&[vec![scale, 0.1 * scale], vec![0.1 * scale, 4.0 * scale]]).unwrap();
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
