//! Options count by what they move with: fault 13, also in figures that are not about options.

use serde_json::{Value, json};

use super::factors::{DAY, analytic, close_to, number, portfolio};
use crate::http::kit::{Deck, idle_deck};
use crate::http::portfolios::Portfolios;

/// Two contracts of calls beside a hundred shares; answers with their dollar delta.
async fn with_calls(deck: &Deck, id: &str) -> f64 {
    let calls =
        json!({"symbol": "TWICE270618C00100000", "quantity": "2", "entry_price": "5", "entry_date": DAY});
    let entered = deck.enter(id, calls).await;
    entered.data(201);
    deck.get_after(entered.position(), &format!("/portfolios/{id}")).await.data(200);
    let greeks = deck.see(&format!("/analytics/risk/{id}/greeks?as_of_date={DAY}")).await;
    number(&greeks.data(200)["options"][0]["dollar_delta"])
}

fn leaves_nothing_out(data: &Value) {
    assert_eq!(
        (&data["available"], &data["data_quality"]["skipped"]),
        (&json!(true), &json!([])),
        "{data:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_the_whole_counts_an_option_by_its_delta() {
    let deck = idle_deck().await;
    let (id, shares) = portfolio(&deck).await;
    let before = analytic(&deck, &id, "var?lookback_days=120").await;
    let dollar_delta = with_calls(&deck, &id).await;
    assert!(dollar_delta > 1_000.0);

    let overview = analytic(&deck, &id, "overview").await;
    close_to(&overview["exposures"]["delta_adjusted"]["long_exposure"], shares + dollar_delta);
    close_to(&overview["exposures"]["long_exposure"], shares);
    let concentration = analytic(&deck, &id, "concentration").await;
    leaves_nothing_out(&concentration);
    assert_eq!(concentration["top_positions"][0]["lots"], 2, "the issuer's shares and options are one");
    close_to(&concentration["top_positions"][0]["exposure"], shares + dollar_delta);
    let grown = (shares + dollar_delta) / shares;
    let after = analytic(&deck, &id, "var?lookback_days=120").await;
    leaves_nothing_out(&after);
    close_to(&after["var"]["fraction"], number(&before["var"]["fraction"]) * grown);
    assert_eq!(after["components"].as_array().unwrap().len(), 2);
    let beta = analytic(&deck, &id, "beta-calculated-90d").await;
    close_to(&beta["exposure_dollar"], ((2.0 * (shares + dollar_delta)) * 100.0).round() / 100.0);
    for kind in ["volatility", "risk-metrics", "sector-exposure", "factor-exposures"] {
        leaves_nothing_out(&analytic(&deck, &id, kind).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_text_wherever_it_is_told() {
    let deck = idle_deck().await;
    let (id, _) = portfolio(&deck).await;
    with_calls(&deck, &id).await;
    let is_money =
        |value: &Value| assert!(value.as_str().is_some_and(|text| text.parse::<f64>().is_ok()), "{value}");
    let var = analytic(&deck, &id, "var?lookback_days=120").await;
    for value in [&var["var"]["value"], &var["var"]["loss"], &var["es"]["loss"], &var["worst_days"][0]["pnl"]]
    {
        is_money(value);
    }
    assert_eq!(number(&var["var"]["value"]), -number(&var["var"]["loss"]));
    is_money(&analytic(&deck, &id, "concentration").await["top_positions"][0]["exposure"]);
    let sectors = analytic(&deck, &id, "sector-exposure").await;
    is_money(&sectors["total_portfolio_value"]);
    is_money(&sectors["unclassified_value"]);
    let greeks = deck.see(&format!("/analytics/risk/{id}/greeks?as_of_date={DAY}")).await;
    for name in ["theta", "vega", "rho"] {
        is_money(&greeks.data(200)["current"][name]);
    }
    is_money(&greeks.data(200)["options"][0]["model_price"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_mean_the_same_to_all_analytics() {
    let deck = idle_deck().await;
    let (id, _) = portfolio(&deck).await;
    let kinds = ["overview", "var", "stress-test", "beta-comparison", "correlation-matrix", "performance"];
    for kind in kinds {
        let path = |query: &str| format!("/analytics/portfolio/{id}/{kind}?{query}");
        let sunday = deck.see(&path("as_of_date=2025-02-23")).await;
        sunday.data(200);
        assert_eq!(sunday.meta()["as_of_date"], "2025-02-21", "{kind}: the session before a day without one");
        let future = deck.see(&path("as_of_date=2999-01-01")).await;
        assert_eq!(future.problem(422, "validation_failed"), ["as_of_date: future_date"], "{kind}");
        deck.see(&path("known_at=1")).await.problem(404, "not_found");
        let odd = deck.see(&path("colour=red")).await;
        assert_eq!(odd.problem(422, "validation_failed"), ["colour: unknown"], "{kind}");
    }
}

/// Fault 16: rates, vegas and rhos are in their units, nothing crashes on the last day, no volatility is made up.
#[tokio::test(flavor = "multi_thread")]
async fn the_calculator_prices_what_it_is_told_and_nothing_else() {
    let deck = idle_deck().await;
    let put = json!({"symbol": "ACME", "position_type": "SP", "quantity": "-100", "strike_price": "200",
        "expiration_date": "2025-02-16", "underlying_price": "204.94", "implied_volatility": 0.28,
        "rate": 0.0425, "dividend_yield": 0.005});
    let with = |changes: Value| {
        let mut changed = put.clone();
        changed.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        changed
    };
    let share =
        json!({"symbol": "ACME", "position_type": "SHORT", "quantity": "-10", "underlying_price": "50"});
    let body = json!({"valuation_date": "2025-01-01", "positions": [
        put,
        with(json!({"implied_volatility": null, "option_price": "5.403091"})),
        with(json!({"implied_volatility": null})),
        with(json!({"expiration_date": "2025-01-01"})),
        with(json!({"underlying_price": null, "rate": null})),
        share,
    ]});
    let reply = deck.post("/analytics/risk/greeks/calculate", &body).await;
    let found = &reply.data(200)["positions"];
    let near = |value: &Value, should: f64| {
        assert!((number(value) - should).abs() < 1e-8, "{value} is not {should}")
    };
    assert_eq!((&found[0]["price"], &found[0]["value"]), (&json!("5.4031"), &json!("-54030.91")));
    near(&found[0]["per_share"]["delta"], -0.365_675_966);
    near(&found[0]["per_share"]["gamma"], 0.018_455_017);
    near(&found[0]["per_share"]["theta"], -0.074_916_957);
    near(&found[0]["per_share"]["vega"], 0.273_521_146);
    near(&found[0]["per_share"]["rho"], -0.101_256_363);
    for (name, should) in [
        ("theta", "749.17"),
        ("vega", "-2735.21"),
        ("dollar_delta", "749416.32"),
        ("gamma_1pct", "-77511.82"),
    ] {
        assert_eq!(found[0]["position"][name], should, "{name}");
    }
    assert_eq!(found[1]["iv_source"], "implied");
    assert!((number(&found[1]["implied_volatility"]) - 0.28).abs() < 1e-6);
    assert_eq!((&found[2]["error"], &found[2]["price"]), (&json!("no_volatility"), &Value::Null));
    assert_eq!((&found[3]["iv_source"], &found[3]["price"]), (&json!("expired"), &json!("0")));
    assert_eq!(
        (&found[4]["error"], &found[4]["rate_assumed"]),
        (&json!("no_underlying_price"), &json!(true))
    );
    assert_eq!((&found[5]["value"], &found[5]["position"]["dollar_delta"]), (&json!("-500"), &json!("-500")));

    let refused = json!({"positions": [with(json!({"quantity": "1", "strike_price": null, "rate": 2})), {"symbol": "X"}]});
    let refused = deck.post("/analytics/risk/greeks/calculate", &refused).await;
    assert_eq!(
        refused.problem(422, "validation_failed"),
        [
            "strike_price: required",
            "quantity: wrong_sign",
            "rate: out_of_range",
            "position_type: required",
            "quantity: required"
        ]
    );
    let many = json!({"positions": vec![put; 201]});
    let refused = deck.post("/analytics/risk/greeks/calculate", &many).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["positions: length"]);
}
