//! Target prices, and what would be earned if they came true.

use events::time::now;
use events::{Interval, calendar};
use jiff::{SignedDuration, Timestamp};
use projections::bars::{self, BarPrices, ImportedBar, Once, Source};
use reqwest::Method;
use serde_json::{Value, json};

use super::Portfolios;
use super::imports::send;
use crate::http::kit::{Deck, Send, deck};

/// Closes of the last completed session, which are the latest ones of today.
async fn import_last_closes(deck: &Deck, closes: &[(&str, &str)]) {
    let mut client = deck.running.app.log.connector().connect().await.unwrap();
    let session = calendar::last_completed(now(), SignedDuration::from_mins(15));
    let start: Timestamp = format!("{session}T00:00:00Z").parse().unwrap();
    let bars = closes.iter().map(|(symbol, close)| {
        let price = close.parse().unwrap();
        ImportedBar {
            symbol: symbol.parse().unwrap(),
            interval: Interval::Day,
            start,
            end: start + SignedDuration::from_hours(24),
            prices: BarPrices::Full { open: price, high: price, low: price, close: price },
            volume: None,
            adjusted_close: None,
        }
    });
    let source = Source { name: "last".to_owned(), format: "test".to_owned(), identity: None };
    let stored = bars::load(&mut client, source, bars, &json!({}), now()).await.unwrap();
    assert!(matches!(stored, Once::New(_)));
}

/// The worked example: 500,000 with AAPL 40,000, NVDA 45,000, TSLA −30,000 and MSFT 48,000, and targets of the first three.
async fn example(deck: &Deck) -> String {
    import_last_closes(deck, &[("AAPL", "200"), ("NVDA", "150"), ("TSLA", "300"), ("MSFT", "100")]).await;
    let opened = deck
        .open_portfolio(json!({"name": "Targets", "account_name": "Targets", "account_type": "taxable",
            "equity_balance": "500000"}))
        .await;
    let portfolio = opened.data(201)["id"].as_str().unwrap().to_owned();
    let lot = |symbol: &str, quantity: &str, price: &str| json!({"symbol": symbol, "quantity": quantity, "entry_price": price});
    let lots = json!({"portfolio_id": portfolio, "positions": [lot("AAPL", "150", "200"), lot("AAPL", "50", "200"),
        lot("NVDA", "300", "150"), lot("TSLA", "-100", "300"), lot("MSFT", "480", "100")]});
    deck.post("/positions/bulk", &lots).await.data(201);
    let target = |symbol: &str, position_type: &str, [eoy, next_year, downside]: [&str; 3]| {
        json!({"symbol": symbol, "position_type": position_type, "target_price_eoy": eoy,
            "target_price_next_year": next_year, "downside_target_price": downside})
    };
    let targets = json!({"target_prices": [target("AAPL", "LONG", ["230", "250", "170"]),
        target("NVDA", "LONG", ["165", "200", "120"]), target("TSLA", "SHORT", ["250", "220", "360"])]});
    let created = deck.post(&format!("/target-prices/{portfolio}/bulk"), &targets).await;
    assert_eq!(created.data(201)["count"], 3);
    assert_eq!(
        created.data(201)["target_prices"][0]["current_price"],
        "200",
        "the last close, never a made-up one"
    );
    portfolio
}

fn near(found: &Value, expected: f64) {
    let number = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((number - expected).abs() < 1e-8, "{number} is not {expected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worked_example_adds_up_by_group_summary_and_symbol() {
    let deck = deck().await;
    let portfolio = example(&deck).await;
    let path = format!("/target-prices/{portfolio}");
    let aggregate = deck.see(&format!("{path}/aggregate")).await;
    let groups = &aggregate.data(200)["groups"];
    for (horizon, dollars, contribution) in
        [("eoy", "15500", 0.031), ("next_year", "33000", 0.066), ("downside", "-21000", -0.042)]
    {
        let total = &groups["total"][horizon];
        assert_eq!(total["dollars"], dollars);
        near(&total["contribution"], contribution);
        near(&total["coverage_pct"], 100.0 * 115_000.0 / 163_000.0);
        let parts: f64 = ["longs", "shorts", "options", "rest"]
            .iter()
            .filter_map(|group| groups[group][horizon]["contribution"].as_f64())
            .sum();
        near(&total["contribution"], parts);
    }
    near(&groups["longs"]["eoy"]["return_on_group"], 10_500.0 / 133_000.0);
    near(&groups["longs"]["eoy"]["return_on_covered"], 10_500.0 / 85_000.0);
    near(&groups["shorts"]["eoy"]["return_on_group"], 5_000.0 / 30_000.0);
    let options = &groups["options"]["eoy"];
    let unknown = (&options["dollars"], &options["return_on_group"], &options["contribution"]);
    assert_eq!(unknown, (&Value::Null, &Value::Null, &Value::Null), "nobody said a target of an option");
    let one = deck.see(&format!("{path}/aggregate?horizon=downside")).await;
    let total = &one.data(200)["groups"]["total"];
    assert_eq!((&total["downside"]["dollars"], &total["eoy"]), (&json!("-21000"), &Value::Null));
    let wrong = deck.see(&format!("{path}/aggregate?horizon=soon")).await;
    assert_eq!(wrong.problem(422, "validation_failed"), ["horizon: invalid"]);
    let before = deck.see(&format!("{path}/aggregate?as_of_date=2025-02-03")).await;
    assert_eq!(
        (&before.data(200)["available"], &before.data(200)["reason"]),
        (&json!(false), &json!("no_positions"))
    );

    let summary = deck.see(&format!("{path}/summary")).await;
    let summary = summary.data(200);
    assert_eq!((&summary["total_positions"], &summary["positions_with_targets"]), (&json!(5), &json!(4)));
    near(&summary["coverage_pct"], 100.0 * 115_000.0 / 163_000.0);
    near(&summary["weighted_expected_return_next_year"], 0.066);
    assert_eq!(summary["target_downside_dollars"], "-21000");

    let listed = deck.see(&path).await;
    let symbols: Vec<&Value> = listed.items().iter().map(|target| &target["symbol"]).collect();
    assert_eq!(symbols, ["AAPL", "NVDA", "TSLA"]);
    let (aapl, tsla) = (&listed.items()[0], &listed.items()[2]);
    near(&aapl["expected_return_eoy"], 0.15);
    near(&aapl["position_weight"], 0.08);
    near(&aapl["contribution_to_portfolio_return"], 0.012);
    assert_eq!((&aapl["target_upside_eoy_value"], &aapl["position_count"]), (&json!("6000"), &json!(2)));
    near(&tsla["expected_return_eoy"], 1.0 / 6.0);
    near(&tsla["downside_return"], -0.2);
    let shorts = deck.see(&format!("{path}?position_type=SHORT&limit=1")).await;
    assert_eq!((shorts.items().len(), shorts.meta()["total"].as_i64()), (1, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_changed_cleared_and_removed() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Growth").await;
    let path = format!("/target-prices/{portfolio}");
    let none = deck.see(&format!("{path}/summary")).await;
    assert_eq!(
        (&none.data(200)["available"], &none.data(200)["reason"]),
        (&json!(false), &json!("no_target_prices"))
    );
    let wish = json!({"symbol": "aapl", "target_price_eoy": "230", "downside_target_price": "0"});
    let created = deck.post(&path, &wish).await;
    let target = created.data(201).clone();
    assert_eq!((&target["symbol"], &target["position_type"]), (&json!("AAPL"), &json!("LONG")));
    assert_eq!(target["current_price"], Value::Null, "nobody knows a price of today");
    assert_eq!(
        (&target["target_upside_eoy_value"], &target["expected_return_eoy"]),
        (&Value::Null, &Value::Null)
    );
    let own = format!("/target-prices/target/{}", target["id"].as_str().unwrap());
    assert_eq!(created.header("location"), format!("/api/v1{own}"));
    assert_eq!(deck.get_after(created.position(), &own).await.data(200), &target);

    let again = deck.post(&path, &wish).await;
    again.problem(409, "TARGET_PRICE_EXISTS");
    let broken = json!({"symbol": "A B", "target_price_eoy": "-1", "current_price": "0", "colour": 1});
    let first = deck.post(&path, &broken).await.problem(422, "validation_failed");
    assert_eq!(first, ["colour: unknown"]);
    let broken = json!({"target_prices": [{"symbol": "MSFT"}, {"symbol": "A B", "target_price_eoy": "-1", "current_price": "0"}]});
    let refused = deck.post(&format!("{path}/bulk"), &broken).await;
    assert_eq!(
        refused.problem(422, "validation_failed"),
        ["target_price_eoy: out_of_range", "current_price: out_of_range", "symbol: invalid"]
    );
    assert_eq!(refused.body["errors"][0]["row"], 2);
    assert_eq!(deck.see(&path).await.items().len(), 1, "all or nothing");

    let changed =
        deck.put(&own, &json!({"downside_target_price": null, "target_price_next_year": "250"})).await;
    let shown = changed.data(200);
    assert_eq!(
        (&shown["target_price_eoy"], &shown["target_price_next_year"], &shown["downside_target_price"]),
        (&json!("230"), &json!("250"), &Value::Null)
    );
    let stale =
        deck.request(Method::PUT, &own).header("if-match", "\"1\"").json(&json!({"current_price": "1"}));
    stale.reply().await.problem(412, "version_mismatch");
    let known = format!("{own}?known_at={}", created.position());
    assert_eq!(deck.see(&known).await.data(200)["downside_target_price"], "0", "as it was known then");
    deck.see(&format!("{own}?as_of_date=2025-02-03")).await.problem(404, "not_found");

    let bulk = format!("{path}/bulk-update");
    let updates = json!({"updates": [{"symbol": "AAPL", "target_price_eoy": null}, {"symbol": "MSFT"}]});
    let refused = deck.put(&bulk, &updates).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["symbol: unknown"]);
    let updates = json!({"updates": [{"symbol": "AAPL", "target_price_eoy": null}]});
    let updated = deck.put(&bulk, &updates).await;
    assert_eq!(updated.data(200)["updated"], 1);
    assert_eq!(updated.data(200)["target_prices"][0]["target_price_eoy"], Value::Null);

    let deleted = deck.delete(&own).await;
    assert!(deleted.data(200)["removed_date"].is_string());
    deck.get_after(deleted.position(), &own).await.problem(404, "not_found");
    deck.put(&own, &json!({"target_price_eoy": "1"})).await.problem(404, "not_found");
    deck.delete(&own).await.data(200);
    deck.see("/target-prices/target/0199a0de-0000-7000-8000-000000000000").await.problem(404, "not_found");
    deck.post(&path, &wish).await.data(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_imported_again() {
    let deck = deck().await;
    let (from, to) = (deck.portfolio("From").await, deck.portfolio("To").await);
    let path = |portfolio: &str, what: &str| format!("/target-prices/{portfolio}/{what}");
    let table = "symbol,position_type,target_eoy,target_next_year,downside,current_price\r\n\
        AAPL,LONG,230,250,0,200\r\nTSLA,SHORT,250.5,,360,300\r\n";
    let imported = send(&deck, &path(&from, "import-csv"), &[], table).await;
    assert_eq!((&imported.data(201)["created"], &imported.data(201)["updated"]), (&json!(2), &json!(0)));
    let broken = table.replace("250.5", "-1").replace("AAPL", "");
    let refused = send(&deck, &path(&from, "import-csv"), &[], &broken).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["symbol: required", "target_eoy: out_of_range"]);
    assert_eq!(
        (&refused.body["errors"][1]["row"], &refused.body["errors"][1]["value"]),
        (&json!(3), &json!("-1"))
    );

    let export = async |portfolio: &str, wish: Value| {
        let exported = deck.post(&path(portfolio, "export"), &wish).await;
        assert_eq!(exported.status.as_u16(), 200, "{:#}", exported.body);
        exported
    };
    let exported = export(&from, json!({})).await;
    assert!(exported.header("content-type").starts_with("text/csv"));
    let exported = exported.body.as_str().unwrap().to_owned();
    assert!(exported.contains("\"TSLA\",SHORT,250.5,,360,300"), "{exported}");
    send(&deck, &path(&to, "import-csv"), &[], &exported).await.data(201);
    assert_eq!(export(&to, json!({"format": "csv"})).await.body, exported);
    let bare = export(&to, json!({"format": "json"})).await.body;
    assert_eq!(
        bare[0],
        json!({"symbol": "AAPL", "position_type": "LONG", "target_price_eoy": "230",
        "target_price_next_year": "250", "downside_target_price": "0", "current_price": "200"})
    );
    let whole = export(&to, json!({"format": "json", "include_metadata": true})).await.body;
    assert!(whole[0]["id"].is_string());
    let with_more = export(&to, json!({"include_metadata": true})).await.body.as_str().unwrap().to_owned();

    send(&deck, &path(&to, "import-csv"), &[], &exported).await.problem(409, "TARGET_PRICE_EXISTS");
    let update = [("update_existing", "true")];
    let updated = send(&deck, &path(&to, "import-csv"), &update, &with_more.replace("230", "231")).await;
    assert_eq!((&updated.data(201)["created"], &updated.data(201)["updated"]), (&json!(0), &json!(2)));
    let listed = deck.get_after(updated.position(), &format!("/target-prices/{to}?symbol=AAPL")).await;
    assert_eq!(listed.items()[0]["target_price_eoy"], "231");
}
