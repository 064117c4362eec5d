//! Laws of the stress test.

use proptest::collection::vec;
use proptest::prelude::*;
use quant::covariance::{Centring, Weighting, covariance_matrix};
use quant::linear::Symmetric;
use quant::panel::Panel;
use quant::regression::{Design, StandardErrors, line};
use quant::stress::{Pricing, Propagation, Shock, Stress, StressPosition, apply, shock_vector, stress};

const FACTORS: usize = 3;
const ROWS: usize = 40;
const EQUITY: f64 = 1e6;

fn book() -> impl Strategy<Value = Vec<StressPosition>> {
    let position = (-1e6..1e6f64, vec(-2.0..2.0f64, FACTORS));
    vec(
        position.prop_map(|(exposure, betas)| StressPosition { exposure, betas, pricing: Pricing::Linear }),
        1..8,
    )
}

/// Covariance of factors that are no combinations of each other.
fn covariance() -> impl Strategy<Value = Symmetric> {
    vec(-0.03..0.03f64, FACTORS * ROWS).prop_map(|values| {
        covariance_matrix(&Panel::new(&values, ROWS).unwrap(), Weighting::Equal, Centring::SampleMean)
            .unwrap()
    })
}

/// Shocks of the first factors, small enough that no price reaches zero.
fn shocks(count: usize) -> impl Strategy<Value = Vec<Shock>> {
    vec(-0.02..0.02f64, count).prop_map(|sizes| {
        sizes.into_iter().enumerate().map(|(factor, size)| Shock { factor, size }).collect()
    })
}

fn of(book: &[StressPosition], covariance: &Symmetric, given: &[Shock]) -> Stress {
    stress(book, EQUITY, covariance, given).unwrap()
}

fn times(shocks: &[Shock], factor: f64) -> Vec<Shock> {
    shocks.iter().map(|shock| Shock { size: factor * shock.size, ..*shock }).collect()
}

fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -2.0..2.0f64,
        1 => any::<f64>(),
        1 => prop_oneof![Just(0.0), Just(f64::NAN), Just(f64::NEG_INFINITY), Just(f64::MAX), Just(5e-324)],
    ]
}

fn same(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1.0)
}

proptest! {
    #[test]
    fn half_the_shock_is_half_the_loss(book in book(), covariance in covariance(), given in shocks(2)) {
        let (whole, half) = (of(&book, &covariance, &given), of(&book, &covariance, &times(&given, 0.5)));
        for (whole, half) in [(whole.direct, half.direct), (whole.correlated, half.correlated)] {
            prop_assert!(same(0.5 * whole.total, half.total));
            prop_assert_eq!(whole.floors, 0.0);
        }
    }

    #[test]
    fn opposite_shocks_and_opposite_books_have_opposite_results(
        book in book(), covariance in covariance(), given in shocks(2)
    ) {
        let plain = of(&book, &covariance, &given).correlated.total;
        let opposite = of(&book, &covariance, &times(&given, -1.0)).correlated.total;
        let mirrored: Vec<_> = book
            .iter()
            .map(|position| StressPosition { exposure: -position.exposure, ..position.clone() })
            .collect();
        prop_assert!(same(opposite, -plain));
        prop_assert!(same(of(&mirrored, &covariance, &given).correlated.total, -plain));
    }

    /// When betas and covariance come from the same equally weighted sample.
    #[test]
    fn a_market_shock_that_spreads_is_the_univariate_market_beta(
        values in vec(-0.03..0.03f64, (FACTORS + 1) * ROWS), size in -0.02..0.02f64
    ) {
        let (returns, factors) = values.split_at(ROWS);
        let panel = Panel::new(factors, ROWS).unwrap();
        let fit = Design::new(&panel).unwrap().fit(returns, StandardErrors::Classical).unwrap();
        let betas = fit.slopes.iter().map(|slope| slope.value).collect();
        let book = [StressPosition { exposure: EQUITY, betas, pricing: Pricing::Linear }];
        let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
        let spread = of(&book, &covariance, &[Shock { factor: 0, size }]).correlated.total;
        let univariate = line(returns, panel.column(0).unwrap()).unwrap().beta.value;
        prop_assert!(same(spread, univariate * size * EQUITY));
    }

    #[test]
    fn nothing_follows_when_every_factor_is_given(
        book in book(), covariance in covariance(), given in shocks(FACTORS)
    ) {
        let stress = of(&book, &covariance, &given);
        prop_assert_eq!(stress.direct, stress.correlated);
        prop_assert_eq!(stress.correlation_effect, 0.0);
    }

    #[test]
    fn positions_and_factors_add_up_to_the_same(book in book(), covariance in covariance(), given in shocks(1)) {
        let outcome = of(&book, &covariance, &given).correlated;
        prop_assert!(same(outcome.positions.iter().sum(), outcome.total));
        prop_assert!(same(outcome.factors.iter().sum(), outcome.linear));
        prop_assert!(same(outcome.linear + outcome.floors + outcome.convexity, outcome.total));
    }

    #[test]
    fn cash_feels_nothing(covariance in covariance(), given in shocks(2)) {
        let cash = of(&[], &covariance, &given);
        prop_assert_eq!((cash.direct.total, cash.correlated.total), (0.0, 0.0));
        prop_assert_eq!(cash.correlated.equity_after, EQUITY);
    }

    #[test]
    fn given_shocks_stay_as_given(covariance in covariance(), given in shocks(2)) {
        for propagation in [Propagation::Direct, Propagation::Correlated] {
            let shocks = shock_vector(&covariance, &given, propagation).unwrap();
            for shock in &given {
                prop_assert_eq!(shocks[shock.factor], shock.size);
            }
        }
    }

    #[test]
    fn a_long_loses_its_value_at_most_and_nothing_is_clipped_to_the_equity(
        exposure in 1.0..1e9f64, beta in 0.0..5.0f64, size in -1.0..0.0f64
    ) {
        let long = StressPosition { exposure, betas: vec![beta], pricing: Pricing::Linear };
        let outcome = apply(&[long], 1.0, vec![size], Propagation::Direct).unwrap();
        prop_assert!(outcome.total >= -exposure);
        prop_assert!(same(outcome.total, exposure * (beta * size).max(-1.0)));
        prop_assert_eq!(outcome.exceeds_equity, outcome.equity_after < 0.0);
    }

    #[test]
    fn whatever_the_book_only_numbers_leave(
        exposures in vec(anything(), 3), betas in vec(anything(), 9), cells in vec(anything(), 9),
        sizes in vec(anything(), 2), equity in anything()
    ) {
        let position = |(exposure, betas): (&f64, &[f64])| StressPosition {
            exposure: *exposure, betas: betas.to_vec(), pricing: Pricing::Linear
        };
        let book: Vec<_> = exposures.iter().zip(betas.chunks(FACTORS)).map(position).collect();
        let given: Vec<_> = sizes.iter().zip(0..).map(|(size, factor)| Shock { factor, size: *size }).collect();
        let covariance = Symmetric::from_fn(FACTORS, |i, j| Ok(cells[i * FACTORS + j]));
        if let Ok(stress) = covariance.and_then(|covariance| stress(&book, equity, &covariance, &given)) {
            for outcome in [&stress.direct, &stress.correlated] {
                let totals = [outcome.total, outcome.linear, outcome.floors, outcome.share_of_equity];
                let all = [&totals[..], &outcome.shocks, &outcome.positions, &outcome.factors].concat();
                prop_assert!(all.iter().all(|value| value.is_finite()));
            }
        }
    }
}
