//! `american_options`: prices of QuantLib's QdFp engine.

use quant::options::american::american;

use crate::european_options::option;
use crate::support::reference;

#[test]
fn prices_and_premiums_are_those_of_the_library() {
    let document = reference();
    for row in document["american_options"].as_array().unwrap() {
        let (terms, market, volatility) = option(row);
        let value = american(&terms, &market, volatility).unwrap();
        let tolerance = row["abs_tol"].as_f64().unwrap();
        let figures = [
            (value.price, "price", tolerance),
            (value.early_exercise_premium, "early_exercise_premium", tolerance),
            (value.european, "european", 1e-12 * market.spot),
        ];
        for (figure, name, tolerance) in figures {
            let expected = row[name].as_f64().unwrap();
            assert!((figure - expected).abs() <= tolerance, "{name} {figure} is not {expected} in {row}");
        }
    }
}
