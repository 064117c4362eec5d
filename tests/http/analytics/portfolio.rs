//! Analytics of one portfolio. The deck has prices of January and February 2025: 41 sessions until the last of them.

use serde_json::{Value, json};

use crate::http::kit::{Deck, idle_deck};
use crate::http::portfolios::Portfolios;

const DAY: &str = "as_of_date=2025-02-28";
const KINDS: [&str; 9] = [
    "overview",
    "concentration",
    "sector-exposure",
    "correlation-matrix",
    "correlation-metrics",
    "diversification-score",
    "volatility",
    "risk-metrics",
    "var",
];

/// A long, a short and a position without prices; the position of the log after them.
async fn filled(deck: &Deck) -> (String, i64) {
    let portfolio = deck.portfolio("Growth").await;
    let position = |symbol: &str, quantity: &str| json!({"symbol": symbol, "quantity": quantity, "entry_price": "100", "entry_date": "2025-01-06"});
    let rows = json!({"portfolio_id": portfolio, "positions": [
        position("AAPL", "100"), position("MSFT", "-50"), position("NOSUCH", "1"),
    ]});
    let entered = deck.post("/positions/bulk", &rows).await;
    entered.data(201);
    (portfolio, entered.position())
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_agree_and_say_what_they_leave_out() {
    let deck = idle_deck().await;
    let (portfolio, position) = filled(&deck).await;
    let path = |kind: &str| format!("/analytics/portfolio/{portfolio}/{kind}?{DAY}");
    let overview = deck.get_after(position, &path("overview")).await;
    let data = overview.data(200);
    let (long, short) =
        (number(&data["exposures"]["long_exposure"]), number(&data["exposures"]["short_exposure"]));
    assert!(long > 0.0 && short < 0.0);
    assert_eq!(number(&data["cash_balance"]), number(&data["equity_balance"]) - long - short);
    assert_eq!(data["position_count"]["unpriced_count"], 1);
    assert_eq!(data["provenance"]["as_of_date"], "2025-02-28");
    assert_eq!(
        (&data["pnl"]["mtd_pnl"], &data["unavailable"]["mtd_pnl"]["reason"]),
        (&Value::Null, &json!("insufficient_history"))
    );
    let concentration = deck.see(&path("concentration")).await;
    let data = concentration.data(200);
    let weight = long / (long - short);
    let hhi = 10_000.0 * (weight * weight + (1.0 - weight) * (1.0 - weight));
    assert!((data["hhi"].as_f64().unwrap() - hhi).abs() < 1e-6);
    assert_eq!(data["data_quality"]["skipped"], json!([{"symbol": "NOSUCH", "reason": "no_close"}]));
    let again = deck.see(&path("concentration")).await;
    assert_eq!((again.header("etag"), &again.body["data"]), (concentration.header("etag"), data));
    // 41 sessions make 40 returns: enough for a pair, not for two months of volatility.
    let volatility = deck.see(&path("volatility")).await;
    let data = volatility.data(200);
    assert_eq!((&data["available"], &data["reason"]), (&json!(false), &json!("insufficient_history")));
    assert_eq!(data["realized_volatility_21d"], Value::Null);
    let matrix = deck.see(&path("correlation-matrix")).await;
    assert!(matrix.data(200)["matrix"]["AAPL"]["MSFT"].is_number());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_portfolio_has_reasons_and_a_wrong_question_is_refused() {
    let deck = idle_deck().await;
    let opened = deck.portfolio("Empty").await;
    for kind in KINDS {
        let reply = deck.see(&format!("/analytics/portfolio/{opened}/{kind}?{DAY}")).await;
        let data = reply.data(200);
        let expected = if kind == "overview" { Value::Null } else { json!("no_positions") };
        assert_eq!(data["reason"], expected, "{kind}");
        let none = uuid::Uuid::nil();
        deck.see(&format!("/analytics/portfolio/{none}/{kind}")).await.problem(404, "not_found");
    }
    let refused =
        deck.see(&format!("/analytics/portfolio/{opened}/correlation-matrix?min_overlap=91&x=1")).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["min_overlap: above_lookback", "x: unknown"]);
    let refused =
        deck.see(&format!("/analytics/portfolio/{opened}/var?confidence=0.5&horizon_days=22")).await;
    assert_eq!(
        refused.problem(422, "validation_failed"),
        ["confidence: out_of_range", "horizon_days: out_of_range"]
    );
}
