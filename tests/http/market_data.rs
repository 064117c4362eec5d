//! Prices by window, profiles, coverage, factors and scenarios.

use std::path::PathBuf;

use serde_json::{Value, json};
use tapedeck::market::import::Strictness;
use tapedeck::market::import::reference::{RecordKind, import_records};

use super::kit::{Deck, idle_deck};
use crate::support::folders::fresh_folder;

async fn import(deck: &Deck, kind: RecordKind, path: PathBuf) {
    let mut client = deck.running.app.log.connector().connect().await.unwrap();
    import_records(&mut client, &path, kind, Strictness::Strict, events::time::now()).await.unwrap();
}

async fn import_profiles(deck: &Deck, text: &str) {
    let path = fresh_folder("profiles").join("profiles.csv");
    std::fs::write(&path, text).unwrap();
    import(deck, RecordKind::Profiles, path).await;
}

/// 28 February of 2025 is a Friday and the last session with bars; 1 March, a Saturday, has some and is none.
const WINDOW: &str = "lookback_days=3&as_of_date=2025-03-02";

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_aligned_on_sessions_in_both_formats_of_dates() {
    let deck = idle_deck().await;
    import(&deck, RecordKind::Factors, registry_of_the_deck()).await;
    for (format, dates) in [
        ("iso", json!(["2025-02-26", "2025-02-27", "2025-02-28"])),
        ("unix", json!([1_740_528_000, 1_740_614_400, 1_740_700_800])),
    ] {
        let query = format!("/data/prices/historical?symbols=msft,AAPL,NONE&{WINDOW}&date_format={format}");
        let reply = deck.get(&query).await;
        let data = reply.data(200);
        assert_eq!(data["symbols"]["MSFT"]["dates"], dates);
        assert_eq!(data["symbols_included"], json!(["MSFT", "AAPL", "QQQ"]));
        assert_eq!(data["symbols_excluded"][0], json!({"symbol": "NONE", "reason": "no_bars"}));
        let benchmark = deck.get(&format!("/data/prices/benchmark/QQQ?{WINDOW}&date_format={format}")).await;
        assert_eq!(benchmark.data(200)["prices"]["dates"], dates);
        let factors = deck.get(&format!("/data/factors/etf-prices?{WINDOW}&date_format={format}")).await;
        assert_eq!(factors.data(200)["factors"][0]["prices"]["dates"], dates);
    }
    let reply = deck.get(&format!("/data/prices/historical?symbols=MSFT&{WINDOW}")).await;
    let prices = &reply.data(200)["symbols"]["MSFT"];
    assert_eq!(prices["open"], json!(["144", "143", "142"]));
    assert_eq!((&prices["close"][0], &prices["volume"][0]), (&json!("144.2"), &json!("1000")));
    assert_eq!(prices["adjusted_close"], json!([null, null, null]), "it is no copy of the close");
    assert_eq!((&prices["data_points"], &prices["source"]), (&json!(3), &json!("test")));
    assert_eq!(reply.data(200)["metadata"]["end_date"], "2025-02-28");
}

/// The standard registry with the deck's symbols for market and value.
fn registry_of_the_deck() -> PathBuf {
    let mut registry = serde_json::to_value(projections::factors::FactorRegistry::standard()).unwrap();
    registry["version"] = json!("deck-1");
    registry["factors"][0]["proxy"] = json!("QQQ");
    let path = fresh_folder("registry").join("factors.json");
    std::fs::write(&path, registry.to_string()).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_symbols_is_limited_and_what_is_left_out_is_named() {
    let deck = idle_deck().await;
    let query = "/data/prices/historical?symbols=MSFT,AAPL,QQQ&max_symbols=1&include_factor_etfs=false";
    let reply = deck.get(&format!("{query}&{WINDOW}")).await;
    assert_eq!(reply.data(200)["symbols_included"], json!(["MSFT"]));
    let excluded = |symbol: &str| json!({"symbol": symbol, "reason": "beyond_max_symbols"});
    assert_eq!(reply.data(200)["symbols_excluded"], json!([excluded("AAPL"), excluded("QQQ")]));
    let reply = deck.get(&format!("/data/prices/historical?symbols=MSFT&{WINDOW}")).await;
    let names: Vec<&Value> =
        reply.data(200)["symbols_excluded"].as_array().unwrap().iter().map(|it| &it["symbol"]).collect();
    assert_eq!(names, ["SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV", "TLT"], "factors without data");
    let many = (0..201).map(|number| format!("S{number}")).collect::<Vec<_>>().join(",");
    let refused = async |query: &str| deck.get(query).await.problem(422, "validation_failed");
    assert_eq!(refused(&format!("/data/prices/historical?symbols={many}")).await, ["symbols: too_many"]);
    assert_eq!(
        refused("/data/prices/historical?lookback_days=1831&max_symbols=0&date_format=us&colour=red").await,
        [
            "symbols: required",
            "lookback_days: invalid",
            "date_format: invalid",
            "max_symbols: invalid",
            "colour: unknown"
        ]
    );
    assert_eq!(refused("/data/factors/etf-prices?factors=luck").await, ["factors: unknown_factor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_price_of_is_not_available() {
    let deck = idle_deck().await;
    let reply = deck.get("/data/prices/benchmark/NONE").await;
    let data = reply.data(200);
    assert_eq!((&data["available"], &data["reason"]), (&json!(false), &json!("no_benchmark_data")));
    assert_eq!(data["prices"], Value::Null);
    let known = deck.get(&format!("/data/prices/benchmark/QQQ?{WINDOW}&known_at=2024-12-31T00:00:00Z")).await;
    assert_eq!(known.data(200)["available"], false, "then nothing was imported");
    let factors = deck.get(&format!("/data/factors/etf-prices?factors=size&{WINDOW}")).await;
    let size = &factors.data(200)["factors"][0];
    assert_eq!(
        (&size["symbol"], &size["reason"], &size["current_price"]),
        (&json!("IWM"), &json!("no_bars"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_have_the_fields_asked_for_and_null_where_nothing_is_known() {
    let deck = idle_deck().await;
    import_profiles(&deck, "symbol,company_name,beta,market_cap\nAAPL,Example A,0,1e12\n").await;
    let query = "/data/company-profiles?symbols=MSFT,aapl&fields=beta,market_cap,sector";
    let reply = deck.get(query).await;
    let data = reply.data(200);
    assert_eq!(
        data["profiles"][0]["fields"],
        json!({"beta": 0.0, "market_cap": "1000000000000", "sector": null})
    );
    assert_eq!((&data["returned_profiles"], &data["missing_profiles"]), (&json!(1), &json!(["MSFT"])));
    let all = deck.get("/data/company-profiles?symbols=AAPL").await;
    assert_eq!(all.data(200)["profiles"][0]["fields"].as_object().unwrap().len(), 71);
    let before = deck.get("/data/company-profiles?symbols=AAPL&known_at=2020-01-01T00:00:00Z").await;
    assert_eq!(before.data(200)["missing_profiles"], json!(["AAPL"]));
    let refused = deck.get("/data/company-profiles?symbols=AAPL&fields=beta,shoe_size").await;
    assert_eq!(refused.problem(422, "validation_failed"), ["fields: invalid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_counts_sessions_and_names_gaps() {
    let deck = idle_deck().await;
    import_profiles(&deck, "symbol,company_name,listing_date\nMSFT,Example M,2025-02-24\n").await;
    let reply = deck.get("/data/coverage/AAPL?as_of_date=2025-03-04").await;
    let data = reply.data(200);
    // Bars of every day from New Year on: 39 sessions until the end of February, and none of the two in March.
    assert_eq!((&data["sessions_expected"], &data["sessions_present"]), (&json!(41), &json!(39)));
    assert_eq!(data["gaps"], json!([{"from": "2025-03-03", "to": "2025-03-04", "sessions": 2}]));
    assert_eq!((&data["last_date"], &data["sources"]), (&json!("2025-03-01"), &json!(["test"])));
    let reply =
        deck.get("/data/coverage?symbols=MSFT,NONE&start_date=2024-01-02&as_of_date=2025-02-28").await;
    let (msft, none) = (&reply.items()[0], &reply.items()[1]);
    assert_eq!((&msft["expected_from_date"], &msft["coverage_pct"]), (&json!("2025-02-24"), &json!(100.0)));
    assert_eq!((&none["available"], &none["reason"]), (&json!(false), &json!("no_bars")));
    deck.get("/data/coverage").await.problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn factors_and_scenarios_are_those_in_force() {
    let deck = idle_deck().await;
    let reply = deck.get("/analytics/factors/definitions").await;
    let data = reply.data(200);
    assert_eq!((&data["version"], &data["vintage"]), (&json!("standard-1"), &Value::Null));
    assert_eq!(data["factors"][5]["etf_ticker"], "IWM");
    import(&deck, RecordKind::Factors, registry_of_the_deck()).await;
    assert_eq!(deck.get("/analytics/factors/definitions").await.data(200)["version"], "deck-1");
    let reply = deck.get("/analytics/stress-scenarios").await;
    let scenarios = reply.data(200)["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 22);
    let replay = scenarios.iter().find(|scenario| scenario["id"] == "covid_crash_2020").unwrap();
    assert_eq!((&replay["enabled"], &replay["window_from_date"]), (&json!(false), &json!("2020-02-19")));
    assert!(replay["review"].as_str().unwrap().starts_with("Hand-set numbers"));
}
