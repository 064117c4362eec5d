//! Portfolios and positions as data.

use serde_json::{Value, json};

use super::Portfolios;
use crate::http::kit::{Deck, deck};

const DAY: &str = "as_of_date=2025-02-28";

/// Longs, a short and a position without prices; the position of the log after them.
async fn filled(deck: &Deck) -> (String, i64) {
    let portfolio = deck.portfolio("Growth").await;
    let position = |symbol: &str, quantity: &str, price: &str| json!({"symbol": symbol, "quantity": quantity, "entry_price": price, "entry_date": "2025-01-06"});
    let rows = json!({"portfolio_id": portfolio, "positions": [
        position("AAPL", "100", "110"), position("MSFT", "-50", "190"), position("NOSUCH", "7", "3"),
    ]});
    let entered = deck.post("/positions/bulk", &rows).await;
    entered.data(201);
    (portfolio, entered.position())
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_add_up_and_say_what_has_no_price() {
    let deck = deck().await;
    let (portfolio, position) = filled(&deck).await;
    let details =
        deck.get_after(position, &format!("/data/positions/details?portfolio_id={portfolio}&{DAY}")).await;
    let details = details.data(200);
    let rows = details["positions"].as_array().unwrap();
    let symbols: Vec<&Value> = rows.iter().map(|row| &row["symbol"]).collect();
    assert_eq!(symbols, ["AAPL", "MSFT", "NOSUCH"]);
    let (long, short) = (number(&rows[0]["market_value"]), number(&rows[1]["market_value"]));
    assert!(long > 0.0 && short < 0.0);
    // A short earns what the price falls.
    assert_eq!(number(&rows[1]["unrealized_pnl"]), short + 9_500.0);
    assert_eq!((&rows[2]["market_value"], &rows[2]["unpriced_because"]), (&Value::Null, &json!("no_close")));
    assert_eq!(details["summary"]["unpriced_positions"], 1);
    assert_eq!(number(&details["summary"]["total_market_value"]), long + short);

    let listed = deck.see(&format!("/data/portfolios?{DAY}")).await;
    let figures = &listed.items()[0];
    assert_eq!(number(&figures["total_market_value"]), long + short);
    let equity = number(&figures["equity_balance"]);
    assert_eq!(number(&figures["cash_balance"]), equity - long - short);
    assert_eq!(equity, 50_000.0 + (long - 11_000.0) + (short + 9_500.0));

    let top = deck.see(&format!("/data/positions/top/{portfolio}?limit=1&sort_by=weight")).await;
    assert_eq!(top.data(200)["positions"], json!([]), "nothing has a price today");
    assert_eq!(
        deck.see(&format!("/data/positions/top/{portfolio}?limit=51&{DAY}"))
            .await
            .problem(422, "validation_failed"),
        ["limit: out_of_range", "as_of_date: out_of_range"]
    );

    let package = deck.see(&format!("/data/portfolio/{portfolio}/complete?{DAY}")).await;
    let package = package.data(200);
    assert_eq!(package["positions_summary"]["short_count"], 1);
    assert_eq!(package["holdings"][0]["symbol"], "AAPL");
    let weight = package["holdings"][1]["weight"].as_f64().unwrap();
    assert!((weight - short / (long - short)).abs() < 1e-12, "{weight}");
    assert_eq!((&package["rows_returned"], &package["truncated"]), (&json!(3), &json!(false)));
    assert_eq!(package["data_quality"]["partial_data_positions"], 3);
    let small = deck.see(&format!("/data/portfolio/{portfolio}/complete?include_holdings=false")).await;
    assert_eq!(small.data(200)["holdings"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn details_are_of_a_portfolio_or_of_named_positions() {
    let deck = deck().await;
    let (portfolio, position) = filled(&deck).await;
    let path = "/data/positions/details";
    let all = deck.get_after(position, &format!("{path}?portfolio_id={portfolio}")).await;
    let id = all.data(200)["positions"][1]["id"].as_str().unwrap().to_owned();
    let one = deck.see(&format!("{path}?position_ids={id}")).await;
    assert_eq!(one.data(200)["positions"].as_array().unwrap().len(), 1);
    let foreign = "0199a0de-0000-7000-8000-000000000000";
    deck.see(&format!("{path}?position_ids={id},{foreign}")).await.problem(404, "not_found");
    for query in [String::new(), format!("?portfolio_id={portfolio}&position_ids={id}")] {
        let fields = deck.see(&format!("{path}{query}")).await.problem(422, "validation_failed");
        assert_eq!(fields, ["portfolio_id: one_of"]);
    }
}
