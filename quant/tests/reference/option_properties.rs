//! Laws that hold for every option, on random ones, and inputs that are none.

use proptest::prelude::*;
use quant::options::american::{AmericanMethod, american};
use quant::options::batch::{OptionColumns, greek_columns};
use quant::options::black_scholes::{bounds, price};
use quant::options::greeks::{Greeks, greeks};
use quant::options::implied_volatility::{
    QuoteColumns, UNCERTAINTY_MAX, VOLATILITY_MAX, VOLATILITY_MIN, implied_volatilities, implied_volatility,
};
use quant::options::{OptionKind, OptionMarket, OptionRefusal, OptionTerms};

type Priced = (OptionTerms, OptionMarket, f64);

fn kinds() -> impl Strategy<Value = OptionKind> {
    prop_oneof![Just(OptionKind::Call), Just(OptionKind::Put)]
}

prop_compose! {
    /// Options of every kind that trades, and some that do not.
    fn options()(
        kind in kinds(),
        moneyness in -1.0..1.0f64,
        years in 0.003..5.0f64,
        rate in -0.03..0.12f64,
        dividend_yield in -0.02..0.1f64,
        volatility in 0.03..1.5f64,
    ) -> Priced {
        let terms = OptionTerms { kind, strike: 100.0 * moneyness.exp(), years };
        (terms, OptionMarket { spot: 100.0, rate, dividend_yield }, volatility)
    }
}

fn of(kind: OptionKind, option: &Priced) -> f64 {
    price(&OptionTerms { kind, ..option.0 }, &option.1, option.2).unwrap()
}

fn struck(strike: f64, option: &Priced) -> f64 {
    price(&OptionTerms { strike, ..option.0 }, &option.1, option.2).unwrap()
}

/// The derivative by a difference of fourth order.
fn slope(of: impl Fn(f64) -> f64, at: f64, width: f64) -> f64 {
    (8.0 * (of(at + width) - of(at - width)) - (of(at + 2.0 * width) - of(at - 2.0 * width))) / (12.0 * width)
}

fn all(of: &Greeks) -> [f64; 9] {
    let Greeks { price, delta, gamma, theta, vega, rho, dividend_rho, vanna, vomma } = *of;
    [price, delta, gamma, theta, vega, rho, dividend_rho, vanna, vomma]
}

proptest! {
    #[test]
    fn a_call_less_a_put_is_a_forward(option in options()) {
        let (terms, market, _) = option;
        let forward = market.spot * (-market.dividend_yield * terms.years).exp()
            - terms.strike * (-market.rate * terms.years).exp();
        let difference = of(OptionKind::Call, &option) - of(OptionKind::Put, &option);
        prop_assert!((difference - forward).abs() < 1e-12 * market.spot.max(terms.strike));
    }

    #[test]
    fn a_price_lies_within_its_bounds_and_rises_with_volatility(option in options()) {
        let (terms, market, volatility) = option;
        let (lower, upper) = bounds(&terms, &market).unwrap();
        let value = price(&terms, &market, volatility).unwrap();
        prop_assert!(lower <= value && value <= upper * (1.0 + 1e-15));
        prop_assert!(price(&terms, &market, volatility * 1.01).unwrap() >= value - 1e-13 * market.spot);
    }

    #[test]
    fn prices_are_monotonic_and_convex_in_the_strike(option in options(), width in 0.01..20.0f64) {
        let strike = option.0.strike;
        let [low, middle, high] = [strike, strike + width, strike + 2.0 * width].map(|at| struck(at, &option));
        let noise = 1e-12 * (strike + 100.0);
        prop_assert!(option.0.kind.sign() * (low - high) >= -noise);
        prop_assert!(low + high - 2.0 * middle >= -noise);
    }

    #[test]
    fn the_scale_of_money_does_not_matter(option in options(), power in -40i32..40) {
        let (terms, market, volatility) = option;
        let unit = 2f64.powi(power);
        let scaled = price(
            &OptionTerms { strike: unit * terms.strike, ..terms },
            &OptionMarket { spot: unit * market.spot, ..market },
            volatility,
        );
        prop_assert_eq!(scaled.unwrap(), unit * price(&terms, &market, volatility).unwrap());
    }

    #[test]
    fn greeks_are_the_derivatives(option in options()) {
        let (terms, market, volatility) = option;
        // A difference sees a derivative only where the value is smooth on its width.
        prop_assume!(volatility * terms.years.sqrt() > 0.05);
        let is = greeks(&terms, &market, volatility).unwrap();
        let spot = |spot| greeks(&terms, &OptionMarket { spot, ..market }, volatility).unwrap();
        let vol = |volatility| greeks(&terms, &market, volatility).unwrap();
        let years = |years| price(&OptionTerms { years, ..terms }, &market, volatility).unwrap();
        let rate = |rate| price(&terms, &OptionMarket { rate, ..market }, volatility).unwrap();
        let dividends =
            |dividend_yield| price(&terms, &OptionMarket { dividend_yield, ..market }, volatility).unwrap();
        let wide = 0.02 * volatility;
        let pairs = [
            (is.delta, slope(|at| spot(at).price, market.spot, 0.05)),
            (is.gamma, slope(|at| spot(at).delta, market.spot, 0.05)),
            (is.theta, -slope(years, terms.years, 0.01 * terms.years)),
            (is.vega, slope(|at| vol(at).price, volatility, wide)),
            (is.rho, slope(rate, market.rate, 1e-3)),
            (is.dividend_rho, slope(dividends, market.dividend_yield, 1e-3)),
            (is.vanna, slope(|at| vol(at).delta, volatility, wide)),
            (is.vomma, slope(|at| vol(at).vega, volatility, wide)),
        ];
        for (number, (value, difference)) in pairs.into_iter().enumerate() {
            let scale: f64 = if number == 1 { 1e-3 } else { 1.0 };
            prop_assert!(
                (value - difference).abs() <= 2e-3 * scale.max(value.abs()),
                "greek {} is {}, its difference {}", number, value, difference
            );
        }
    }

    #[test]
    fn a_price_gives_its_volatility_back_or_does_not_determine_it(option in options()) {
        let (terms, market, volatility) = option;
        match implied_volatility(&terms, &market, price(&terms, &market, volatility).unwrap()) {
            Ok(found) => {
                let off = (found.volatility - volatility).abs();
                prop_assert!(off <= found.uncertainty.max(1e-13), "{:?} is off by {}", found, off);
            }
            Err(OptionRefusal::NotDetermined | OptionRefusal::BelowIntrinsic | OptionRefusal::NoQuote) => {
                let vega = greeks(&terms, &market, volatility).unwrap().vega;
                let noise = 8.0 * f64::EPSILON * market.spot.max(terms.strike);
                let (lower, upper) = bounds(&terms, &market).unwrap();
                let value = price(&terms, &market, volatility).unwrap();
                let lost = (value - lower).min(upper - value) <= 5.0 * noise;
                prop_assert!(lost || vega * UNCERTAINTY_MAX <= 2.0 * noise, "vega {}", vega);
            }
            Err(refusal) => prop_assert!(false, "{}", refusal),
        }
    }

    #[test]
    fn any_quote_implies_a_volatility_that_reprices_it(option in options(), share in 1e-6..0.999_999f64) {
        let (terms, market, _) = option;
        let (lower, upper) = bounds(&terms, &market).unwrap();
        let quote = lower + share * (upper - lower);
        let other = price(&terms, &market, 0.31).unwrap();
        let in_company = implied_volatilities(&QuoteColumns {
            kind: &[terms.kind; 40],
            spot: &[market.spot; 40],
            strike: &[terms.strike; 40],
            years: &[terms.years; 40],
            rate: &[market.rate; 40],
            dividend_yield: &[market.dividend_yield; 40],
            price: &std::array::from_fn::<f64, 40, _>(|row| if row % 3 == 0 { quote } else { other }),
        })
        .unwrap();
        let alone = implied_volatility(&terms, &market, quote);
        prop_assert!(in_company.iter().step_by(3).all(|found| *found == alone));
        match alone {
            Ok(found) => {
                let again = price(&terms, &market, found.volatility).unwrap();
                prop_assert!((again - quote).abs() <= 1e-13 * market.spot.max(terms.strike));
                prop_assert!((VOLATILITY_MIN..=VOLATILITY_MAX).contains(&found.volatility));
            }
            Err(OptionRefusal::AboveRange) => {
                prop_assert!(price(&terms, &market, VOLATILITY_MAX).unwrap() <= quote);
            }
            Err(refusal) => prop_assert!(false, "{}", refusal),
        }
    }

    #[test]
    fn hostile_numbers_are_refused_or_answered_with_numbers(
        kind in kinds(),
        numbers in prop::array::uniform7(prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(-f64::INFINITY), Just(0.0), Just(-0.0), Just(-1.0), Just(1e308),
            Just(-1e308), Just(f64::MIN_POSITIVE), Just(5e-324), Just(1e-9), Just(0.05), Just(1.0), Just(100.0),
        ]),
    ) {
        let [spot, strike, years, rate, dividend_yield, volatility, quote] = numbers;
        let terms = OptionTerms { kind, strike, years };
        let market = OptionMarket { spot, rate, dividend_yield };
        let single = greeks(&terms, &market, volatility);
        if let Ok(greeks) = &single {
            prop_assert!(all(greeks).iter().all(|value| value.is_finite()), "{:?}", greeks);
        }
        let alone = implied_volatility(&terms, &market, quote);
        let many = implied_volatilities(&QuoteColumns {
            kind: &[kind, OptionKind::Call],
            spot: &[spot, 100.0],
            strike: &[strike, 110.0],
            years: &[years, 0.5],
            rate: &[rate, 0.03],
            dividend_yield: &[dividend_yield, 0.01],
            price: &[quote, 4.0],
        });
        prop_assert!(many.is_ok_and(|many| many.first() == Some(&alone)));
        if let Ok(found) = alone {
            prop_assert!(found.volatility.is_finite() && found.uncertainty.is_finite());
        }
        if let Ok(value) = american(&terms, &market, volatility) {
            prop_assert!(value.price.is_finite() && value.early_exercise_premium >= 0.0);
        }
        let columns = OptionColumns {
            kind: &[kind],
            spot: &[spot],
            strike: &[strike],
            years: &[years],
            rate: &[rate],
            dividend_yield: &[dividend_yield],
            volatility: &[volatility],
        };
        let priced = greek_columns(&columns).unwrap();
        match (priced.complete(), single) {
            (Ok(columns), Ok(greeks)) => prop_assert_eq!(columns.price[0], greeks.price),
            (Err((row, refusal)), Err(single)) => prop_assert_eq!((row, refusal), (0, single)),
            // The batch leaves out the Greeks that may overflow alone.
            (Ok(columns), Err(OptionRefusal::NotFinite)) => prop_assert!(columns.vega[0].is_finite()),
            (batch, single) => prop_assert!(false, "{:?} and {:?}", batch, single),
        }
    }
}

proptest! {
    // An American option costs a hundred thousand times a European one.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_american_option_is_worth_the_european_one_and_what_exercise_yields(option in options()) {
        let (terms, market, volatility) = option;
        let value = american(&terms, &market, volatility).unwrap();
        prop_assert!(value.price >= value.european && value.european >= 0.0);
        prop_assert!(value.price >= terms.kind.intrinsic(market.spot, terms.strike));
        prop_assert_eq!(value.early_exercise_premium, value.price - value.european);
        let longer = OptionTerms { years: terms.years * 1.1, ..terms };
        let later = american(&longer, &market, volatility).unwrap();
        let tree = [value.method, later.method].contains(&AmericanMethod::Tree);
        let noise = if tree { 2e-4 } else { 1e-6 } * market.spot.max(terms.strike);
        prop_assert!(later.price >= value.price - noise, "{:?} then {:?}", value, later);
    }
}

#[test]
fn where_no_boundary_can_be_followed_a_tree_answers() {
    let at_the_money = |kind, years| OptionTerms { kind, strike: 100.0, years };
    // Two boundaries.
    let market = OptionMarket { spot: 100.0, rate: -0.01, dividend_yield: -0.05 };
    let put = american(&at_the_money(OptionKind::Put, 1.0), &market, 0.2).unwrap();
    assert_eq!(put.method, AmericanMethod::Tree);
    assert!(put.early_exercise_premium > 0.0);
    // QuantLib's QdFp engine, high-precision scheme.
    let market = OptionMarket { spot: 100.0, rate: 0.099_941_085_014_120_68, dividend_yield: 0.0 };
    let strike = 98.113_044_759_133_64;
    let terms = OptionTerms { strike, ..at_the_money(OptionKind::Put, 2.556_164_383_561_643_5) };
    let steep = american(&terms, &market, 0.063_076_673_015_271_17).unwrap();
    assert_eq!(steep.method, AmericanMethod::Tree);
    assert!((steep.price - 0.272_451_540_973_464_6).abs() < 5e-4, "{steep:?}");
}

#[test]
fn columns_of_different_lengths_are_refused_and_refused_rows_leave() {
    let columns = |strike| OptionColumns {
        kind: &[OptionKind::Call; 3],
        spot: &[100.0; 3],
        strike,
        years: &[1.0; 3],
        rate: &[0.0; 3],
        dividend_yield: &[0.0; 3],
        volatility: &[0.2; 3],
    };
    assert_eq!(greek_columns(&columns(&[1.0])), Err(OptionRefusal::LengthsDiffer));
    let priced = greek_columns(&columns(&[90.0, -1.0, 110.0])).unwrap();
    assert_eq!(priced.refused(), [(1, OptionRefusal::StrikeNotPositive)]);
    assert_eq!(priced.complete(), Err((1, OptionRefusal::StrikeNotPositive)));
    let kept = priced.without_refused();
    assert_eq!(kept.price.len(), 2);
    assert!(kept.price[0] > kept.price[1] && kept.rho.len() == 2);
}
