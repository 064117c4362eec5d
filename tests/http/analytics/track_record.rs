//! What a portfolio returned, by the snapshots that a worker recorded.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::factors::{close_to, number};
use crate::http::kit::{Deck, deck};
use crate::http::portfolios::Portfolios;

const DAY: &str = "2025-02-28";
/// Long enough for a worker that looks every few seconds, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// What is said once the snapshots are those of all that was entered.
async fn current(deck: &Deck, path: &str) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reply = deck.see(path).await;
        let data = reply.data(200);
        if data["freshness"]["is_current"] == true {
            return data.clone();
        }
        assert!(Instant::now() < deadline, "still behind: {data:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A portfolio with AAPL that rises and MSFT that is owed and falls; its id.
async fn earning(deck: &Deck) -> String {
    let id = deck.portfolio("Earning").await;
    let share = |symbol: &str, quantity: &str, price: &str| json!({"symbol": symbol, "quantity": quantity, "entry_price": price, "entry_date": "2025-01-06"});
    deck.enter(&id, share("AAPL", "100", "105")).await.data(201);
    deck.enter(&id, share("MSFT", "-50", "195")).await.data(201);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_are_those_of_the_snapshots() {
    let deck = deck().await;
    let id = earning(&deck).await;
    let path = format!("/analytics/portfolio/{id}/performance?as_of_date={DAY}");
    let found = current(&deck, &path).await;
    let listed = deck.see(&format!("/data/portfolio/{id}/snapshots?as_of_date={DAY}&limit=200")).await;
    let days = listed.items();
    let linked: f64 = days.iter().map(|day| 1.0 + day["daily_return"].as_f64().unwrap()).product();
    close_to(&found["returns"]["inception"], linked - 1.0);
    close_to(&found["returns"]["1d"], days.last().unwrap()["daily_return"].as_f64().unwrap());
    assert_eq!(found["observations"], days.len());
    for (period, name) in [("3m", "returns.3m"), ("1y", "returns.1y"), ("ytd", "returns.ytd")] {
        assert_eq!(found["returns"][period], Value::Null);
        assert_eq!(found["unavailable"][name]["reason"], "insufficient_history");
    }
    assert_eq!((&found["limited_history"], &found["risk_free_assumed"]), (&json!(true), &json!(true)));
    assert!(number(&found["sharpe_ratio"]) > 0.0 && number(&found["max_drawdown"]["value"]) <= 0.0);
    let months = found["series"].as_array().unwrap();
    assert_eq!(
        months.iter().map(|month| month["period_end_date"].as_str().unwrap()).collect::<Vec<_>>(),
        ["2025-01-31", DAY]
    );
    let product: f64 = months.iter().map(|month| 1.0 + number(&month["return"])).product();
    close_to(&json!(product), linked);

    let path = format!("/analytics/portfolio/{id}/volatility?method=track_record&as_of_date={DAY}");
    let volatility = deck.see(&path).await;
    let volatility = volatility.data(200);
    assert_eq!(volatility["reason"], "insufficient_history", "40 returns are no 63: {volatility:#}");
    assert_eq!(volatility["data_quality"]["data_days"], days.len());
    let before = deck.see(&format!("/analytics/portfolio/{id}/performance?as_of_date=2024-12-02")).await;
    assert_eq!(
        (&before.data(200)["available"], &before.data(200)["reason"]),
        (&json!(false), &json!("no_snapshots"))
    );
}

/// Rows add up to what the snapshots earned, however they are grouped.
#[tokio::test(flavor = "multi_thread")]
async fn profit_is_attributed_to_what_earned_it() {
    let deck = deck().await;
    let id = earning(&deck).await;
    let path = |rest: &str| format!("/analytics/positions/attribution?portfolio_id={id}&{rest}");
    let by_symbol = current(&deck, &path(&format!("date={DAY}&group_by=symbol"))).await;
    let day = deck.see(&format!("/data/portfolio/{id}/snapshot?as_of_date={DAY}")).await;
    let day = &day.data(200)["snapshot"];
    assert_eq!(by_symbol["total_pnl"], day["daily_pnl"]);
    close_to(&by_symbol["total_return"], day["daily_return"].as_f64().unwrap());
    let rows = by_symbol["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["key"].as_str().unwrap()).collect::<Vec<_>>(), ["AAPL", "MSFT"]);
    let whole = |name: &str| -> f64 { rows.iter().map(|row| number(&row[name])).sum() };
    close_to(&json!(whole("pnl")), number(&by_symbol["total_pnl"]));
    close_to(&json!(whole("contribution")), number(&by_symbol["total_return"]));
    close_to(&json!(whole("contribution_percent")), 100.0);
    assert!(rows.iter().all(|row| number(&row["pnl_percent"]) > 0.0), "both earned: {rows:#?}");
    for (by, keys) in [
        ("type", json!(["LONG", "SHORT"])),
        ("class", json!(["PUBLIC"])),
        ("tag", json!([null])),
        ("sector", json!([null])),
    ] {
        let grouped = deck.see(&path(&format!("date={DAY}&group_by={by}"))).await;
        let grouped = grouped.data(200);
        let found: Vec<&Value> = grouped["rows"].as_array().unwrap().iter().map(|row| &row["key"]).collect();
        assert_eq!(json!(found), keys, "{by}");
        assert_eq!(grouped["total_pnl"], by_symbol["total_pnl"], "{by}");
        assert_eq!(grouped["overlapping_groups"], by == "tag");
    }
    let month = deck.see(&path(&format!("start_date=2025-02-03&end_date={DAY}"))).await;
    let month = month.data(200);
    assert_eq!((&month["sessions"], &month["sessions_missing"]), (&json!(19), &json!(0)));
    let refused = deck.see(&path("date=2025-02-03&start_date=2025-02-03&group_by=mood")).await;
    assert_eq!(
        refused.problem(422, "validation_failed"),
        ["date: conflict", "group_by: invalid", "start_date: out_of_range"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_is_archived_is_called_by_its_name_no_more() {
    let deck = deck().await;
    let id = deck.portfolio("Tagged").await;
    let mut tags = Vec::new();
    for name in ["older", "newer"] {
        let made = deck.post("/tags", &json!({"name": name})).await;
        tags.push(made.data(201)["id"].as_str().unwrap().to_owned());
    }
    let share = json!({"symbol": "AAPL", "quantity": "100", "entry_price": "105", "entry_date": "2025-01-06",
        "tag_ids": [&tags[0]]});
    deck.enter(&id, share).await.data(201);
    let path = format!("/analytics/positions/attribution?portfolio_id={id}&date={DAY}&group_by=tag");
    let named = current(&deck, &path).await;
    assert_eq!(named["rows"][0]["label"], "older", "{named:#}");
    deck.post(&format!("/tags/{}/archive", tags[0]), &json!({})).await.data(200);
    let unnamed = deck.see(&path).await;
    assert_eq!(unnamed.data(200)["rows"][0]["label"], tags[0], "the answer of before is not given again");
}
