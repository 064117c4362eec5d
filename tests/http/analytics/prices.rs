//! The prices of what moves a portfolio, and how complete they are.

use serde_json::{Value, json};

use super::factors::{DAY, portfolio};
use crate::http::kit::{Deck, idle_deck};
use crate::http::portfolios::Portfolios;

/// Beside a hundred TWICE one SPY, one YOUNG with three closes, one without prices and a PRIVATE one.
async fn mixed(deck: &Deck) -> String {
    let (id, _) = portfolio(deck).await;
    let one =
        |symbol: &str| json!({"symbol": symbol, "quantity": "1", "entry_price": "1", "entry_date": DAY});
    for symbol in ["NOSUCH", "YOUNG", "SPY"] {
        deck.enter(&id, one(symbol)).await.data(201);
    }
    let mut art = one("ART");
    art["investment_class"] = json!("PRIVATE");
    deck.enter(&id, art).await.data(201);
    id
}

fn texts(values: &Value) -> Vec<&str> {
    values.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
}

/// Faults 4 and 5: the largest come first and the others are named; both formats of dates are answered.
#[tokio::test(flavor = "multi_thread")]
async fn prices_come_by_falling_weight_and_what_is_left_out_is_named() {
    let deck = idle_deck().await;
    let id = mixed(&deck).await;
    let path = format!("/data/prices/historical/{id}?lookback_days=5&as_of_date={DAY}");
    let all = deck.see(&format!("{path}&include_factor_etfs=false")).await;
    let all = all.data(200);
    assert_eq!(texts(&all["symbols_included"]), ["TWICE", "SPY", "YOUNG"]);
    assert_eq!(all["symbols_excluded"], json!([{"symbol": "NOSUCH", "reason": "no_bars"}]));
    assert_eq!(all["symbols"]["TWICE"]["dates"][4], DAY);
    assert_eq!(
        (&all["symbols"]["YOUNG"]["data_points"], &all["symbols"]["YOUNG"]["close"][0]),
        (&json!(3), &Value::Null)
    );
    let two = deck.see(&format!("{path}&max_symbols=1&date_format=unix")).await;
    let two = two.data(200);
    assert_eq!(texts(&two["symbols_included"])[0], "TWICE");
    let beyond = two["symbols_excluded"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["reason"] == "beyond_max_symbols");
    assert_eq!(
        beyond.map(|one| one["symbol"].as_str().unwrap()).collect::<Vec<_>>(),
        ["SPY", "YOUNG", "NOSUCH"]
    );
    assert_eq!(two["symbols"]["TWICE"]["dates"][4], 1_740_700_800, "midnight UTC of the session");
    let refused = deck.see(&format!("{path}&max_symbols=0&date_format=julian")).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["date_format: invalid", "max_symbols: invalid"]);
}

/// Fault 20: history is counted, not supposed.
#[tokio::test(flavor = "multi_thread")]
async fn history_is_counted_symbol_by_symbol() {
    let deck = idle_deck().await;
    let id = mixed(&deck).await;
    let path = format!("/data/portfolio/{id}/data-quality?as_of_date={DAY}");
    let found = deck.see(&path).await;
    let found = found.data(200);
    let summary = &found["summary"];
    for (name, count) in
        [("total_positions", 5), ("complete_data", 0), ("partial_data", 2), ("insufficient_data", 3)]
    {
        assert_eq!(summary[name], count, "{name}");
    }
    let histories = &found["position_data_quality"];
    let partial = |symbol: &str| json!({"symbol": symbol, "days_available": 129, "days_missing": 21});
    assert_eq!(histories["partial_history"], json!([partial("SPY"), partial("TWICE")]));
    let lacking = |symbol: &str, days: u8, reason: &str| json!({"symbol": symbol, "days_available": days, "reason": reason});
    assert_eq!(
        histories["insufficient_data"],
        json!([
            lacking("ART", 0, "private"),
            lacking("NOSUCH", 0, "no_close"),
            lacking("YOUNG", 2, "insufficient_history")
        ])
    );
    let feasible = &found["calculation_feasibility"];
    let of = |name: &str| (feasible[name]["feasible"].clone(), feasible[name]["positions_eligible"].clone());
    assert_eq!(of("correlation_matrix"), (json!(true), json!(2)));
    assert_eq!(of("factor_regression"), (json!(true), json!(2)));
    assert_eq!(of("risk"), (json!(false), json!(0)));
    assert_eq!(feasible["risk"]["min_days_required"], 150);
    assert!(summary["data_coverage_percent"].as_f64().is_some_and(|percent| (80.0..86.1).contains(&percent)));
    let unasked = deck.see(&format!("{path}&check_factors=false&check_correlations=false")).await;
    let unasked = &unasked.data(200)["calculation_feasibility"];
    assert_eq!((&unasked["factor_regression"], &unasked["correlation_matrix"]), (&Value::Null, &Value::Null));
    let empty = deck.portfolio("Empty").await;
    let empty = deck.see(&format!("/data/portfolio/{empty}/data-quality?as_of_date={DAY}")).await;
    assert_eq!(
        (&empty.data(200)["available"], &empty.data(200)["reason"]),
        (&json!(false), &json!("no_positions"))
    );
}
