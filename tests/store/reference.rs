//! Reference data: files into the store once, vintages, and what a question about the past gets.

use std::path::{Path, PathBuf};

use events::Symbol;
use jiff::Timestamp;
use projections::bars::{self, Stored, Vintage};
use projections::factors::{self, FactorRegistry};
use projections::instruments::{self, Profile};
use projections::rates;
use projections::scenarios::{self, ScenarioCatalogue};
use projections::sector_weights::sector_weights;
use tapedeck::market::import::reference::{RecordKind, RecordsImported, RecordsReport, import_records};
use tapedeck::market::import::{ImportError, Strictness};
use tokio_postgres::Client;

use crate::support::folders::fresh_folder;
use crate::support::tape::fresh_tape;

async fn store() -> Client {
    fresh_tape().await.connect().await.unwrap()
}

fn at() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = fresh_folder("records").join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn tried(
    client: &mut Client,
    kind: RecordKind,
    strictness: Strictness,
    text: &str,
) -> Result<RecordsImported, ImportError> {
    import_records(client, &written("records.txt", text), kind, strictness, at()).await
}

async fn imported(client: &mut Client, kind: RecordKind, text: &str) -> (Stored, RecordsReport) {
    match tried(client, kind, Strictness::Lenient, text).await.unwrap() {
        RecordsImported::Now { stored, report } => (stored, report),
        other => panic!("{other:?}"),
    }
}

fn counts(stored: &Stored) -> (Option<i64>, u64, u64, u64) {
    (stored.vintage.map(Vintage::number), stored.added, stored.changed, stored.unchanged)
}

fn reasons(report: &RecordsReport) -> Vec<String> {
    report.rejected.iter().map(ToString::to_string).collect()
}

fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

async fn profile(client: &Client, name: &str, as_of: Option<i64>) -> Option<Profile> {
    let symbols = [symbol(name)];
    let mut found = instruments::profiles(client, &symbols, as_of.map(Vintage::new)).await.unwrap();
    found.remove(&symbols[0]).map(|known| known.profile)
}

const PROFILES: &str = "Symbol,Company Name,sector,is_etf,beta,market_cap,dividend_yield,employees,next_earnings_date\n\
    aapl,Example A,Technology,no,1.25,3.1e12,0.004,160000,2026-12-01\n\
    spy,Example Fund,,yes,1,,,,\n";

#[tokio::test]
async fn profiles_are_kept_exactly_and_as_they_were() {
    let mut client = store().await;
    let (stored, report) = imported(&mut client, RecordKind::Profiles, PROFILES).await;
    assert_eq!((counts(&stored), report.format.as_ref()), ((Some(1), 2, 0, 0), "csv"));
    let apple = profile(&client, "AAPL", None).await.unwrap();
    assert_eq!(apple.market_cap.unwrap().to_string(), "3100000000000");
    assert_eq!((apple.beta, apple.is_etf, apple.dividend_yield), (Some(1.25), Some(false), Some(0.004)));
    assert_eq!(
        serde_json::to_value(&apple.details).unwrap(),
        serde_json::json!({
            "employees": 160_000, "next_earnings_date": "2026-12-01"
        })
    );
    let fund = profile(&client, "SPY", None).await.unwrap();
    assert_eq!((fund.sector, fund.market_cap, fund.is_etf), (None, None, Some(true)));

    let json = "{\"symbol\": \"AAPL\", \"company_name\": \"Example A\", \"beta\": 1.3, \"website\": null}\n\
                {\"symbol\": \"SPY\", \"company_name\": \"Example Fund\", \"is_etf\": true, \"beta\": 1.0}\n";
    let (stored, report) = imported(&mut client, RecordKind::Profiles, json).await;
    assert_eq!((counts(&stored), report.format.as_ref()), ((Some(2), 0, 1, 1), "jsonl"));
    assert_eq!(profile(&client, "AAPL", None).await.unwrap().beta, Some(1.3));
    assert_eq!(profile(&client, "AAPL", Some(1)).await, Some(apple));
    assert_eq!(profile(&client, "AAPL", Some(0)).await, None);
    assert_eq!(profile(&client, "MSFT", None).await, None);
}

#[tokio::test]
async fn the_same_file_of_records_twice_changes_nothing_and_says_so() {
    let mut client = store().await;
    let (stored, report) = imported(&mut client, RecordKind::Profiles, PROFILES).await;
    let again = tried(&mut client, RecordKind::Profiles, Strictness::Strict, PROFILES).await.unwrap();
    let RecordsImported::Before(before) = again else { panic!("{again:?}") };
    assert_eq!((before.import_id, before.vintage), (stored.import_id, stored.vintage));
    assert_eq!(before.report, serde_json::to_value(&report).unwrap());
    assert_eq!(bars::latest_vintage(&client).await.unwrap(), Some(Vintage::new(1)));
}

#[tokio::test]
async fn bad_rows_are_named_by_line_and_a_strict_import_stores_nothing() {
    let mut client = store().await;
    let text = "symbol,company_name,beta,listing_date,market_cap\nA,Able,1,2001-02-30,1\nB,,1,,\nC,Cane,much,,\n\
                D,Dog,n/a,,5\nD,Dog,1,,\n,E,1,,\nF,Fox\n";
    let refused = tried(&mut client, RecordKind::Profiles, Strictness::Strict, text).await.unwrap();
    assert!(matches!(refused, RecordsImported::Refused(_)), "{refused:?}");
    assert_eq!(bars::latest_vintage(&client).await.unwrap(), None);
    let (stored, report) = imported(&mut client, RecordKind::Profiles, text).await;
    assert_eq!((counts(&stored), report.records_accepted, report.rejected_count), ((Some(1), 1, 0, 0), 1, 6));
    assert_eq!(
        reasons(&report),
        [
            "line 2, column 4: listing_date \"2001-02-30\" is not a date such as 2025-01-02",
            "line 3: company_name is missing",
            "line 4, column 3: beta \"much\" is not a number",
            "line 6: D occurs twice",
            "line 7: symbol is missing",
            "line 8: 2 cells where the header has 5",
        ]
    );
    let unknown =
        tried(&mut client, RecordKind::Profiles, Strictness::Lenient, "symbol,shoe_size\nA,9\n").await;
    let message = unknown.unwrap_err().to_string();
    assert_eq!(
        message,
        "records.txt does not hold company profiles: column \"shoe_size\" is no field of these records"
    );
    let line = "{\"symbol\": \"A\", \"company_name\": \"Able\", \"shoe_size\": 9}\n{\"symbol\": \"B\", \"company_name\": [1]}";
    let (stored, report) = imported(&mut client, RecordKind::Profiles, line).await;
    assert_eq!(counts(&stored), (None, 0, 0, 0));
    assert_eq!(
        reasons(&report),
        [
            "line 1: \"shoe_size\" is no field of these records",
            "line 2: \"company_name\" is a list or an object, not one value"
        ]
    );
}

#[tokio::test]
async fn a_benchmark_has_the_weights_of_its_newest_date() {
    let mut client = store().await;
    let text = "benchmark,as_of_date,sector,weight\nB,2025-03-31,Energy,0.4\nB,2025-03-31,Materials,0.6\n\
                B,2025-06-30,Energy,0.5\nB,2025-06-30,Materials,0.3\nC,2025-06-30,Energy,50\nC,2025-06-30,Materials,0.5\n";
    let (stored, report) = imported(&mut client, RecordKind::SectorWeights, text).await;
    assert_eq!(counts(&stored), (Some(1), 1, 0, 0));
    assert_eq!(
        reasons(&report),
        [
            "line 6, column 4: weight \"50\" is not a fraction from 0 to 1",
            "line 4: the weights of B on 2025-06-30 sum to 0.8, not to 1",
            "line 7: the weights of C on 2025-06-30 are not complete",
        ]
    );
    let corrected = "benchmark,as_of_date,sector,weight\nB,2025-03-31,Energy,0.35\nB,2025-03-31,Materials,0.65\n\
                     B,2025-09-30,Energy,1\n";
    let (stored, _) = imported(&mut client, RecordKind::SectorWeights, corrected).await;
    assert_eq!(counts(&stored), (Some(2), 1, 1, 0));
    let energy = async |on: &str, as_of: Option<i64>| {
        let found = sector_weights(&client, "B", on.parse().unwrap(), as_of.map(Vintage::new)).await.unwrap();
        found.map(|set| (set.as_of_date.to_string(), set.weights["Energy"].to_string()))
    };
    let told = |date: &str, weight: &str| Some((date.to_owned(), weight.to_owned()));
    assert_eq!(energy("2025-09-29", None).await, told("2025-03-31", "0.35"));
    assert_eq!(energy("2025-12-01", None).await, told("2025-09-30", "1"));
    assert_eq!(energy("2025-12-01", Some(1)).await, told("2025-03-31", "0.4"));
    assert_eq!(energy("2025-03-30", None).await, None);
}

#[tokio::test]
async fn a_rate_is_in_force_until_the_next() {
    let mut client = store().await;
    let text = "rate_date,annual_rate,currency\n2025-01-02,0.043,\n2025-03-03,0.042,usd\n2025-01-02,0.02,EUR\n\
                2025-02-03,4.3,\n2025-03-03,0.041,USD\n";
    let (stored, report) = imported(&mut client, RecordKind::Rates, text).await;
    assert_eq!(counts(&stored), (Some(1), 3, 0, 0));
    assert_eq!(
        reasons(&report),
        [
            "line 5, column 2: annual_rate \"4.3\" is not a fraction from -1 to 1",
            "line 6: the rate of USD on 2025-03-03 occurs twice",
        ]
    );
    let on = async |date: &str| {
        let rate = rates::rate_on(&client, "USD", date.parse().unwrap(), None).await.unwrap();
        rate.map(|rate| rate.annual_rate)
    };
    assert_eq!(on("2025-01-01").await, None);
    assert_eq!(on("2025-03-02").await, Some(0.043));
    assert_eq!(on("2025-03-03").await, Some(0.042));
    let (from, to) = ("2025-02-01".parse().unwrap(), "2025-12-31".parse().unwrap());
    let between = rates::rates(&client, "USD", from, to, None).await.unwrap();
    assert_eq!(between.iter().map(|rate| rate.annual_rate).collect::<Vec<_>>(), [0.043, 0.042]);
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

#[tokio::test]
async fn a_registry_is_in_force_from_its_vintage_and_taken_whole() {
    let mut client = store().await;
    let known = factors::registry(&client, None).await.unwrap();
    assert_eq!((known.registry, known.vintage), (FactorRegistry::standard(), None));
    let path = data("factors.json");
    let kind = RecordKind::Factors;
    let outcome = import_records(&mut client, &path, kind, Strictness::Lenient, at()).await.unwrap();
    let RecordsImported::Now { stored, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(counts(&stored), (Some(1), 1, 0, 0));
    let known = factors::registry(&client, None).await.unwrap();
    assert_eq!((known.registry.version.as_str(), known.vintage), ("demo-prices-1", Some(Vintage::new(1))));
    assert_eq!(known.registry.market().unwrap().proxy, symbol("SP500"));
    let before = factors::registry(&client, Some(Vintage::new(0))).await.unwrap();
    assert_eq!(before.registry, FactorRegistry::standard());
    let broken = std::fs::read_to_string(&path).unwrap().replace("\"VLUE\"", "\"SP500\"");
    let error = tried(&mut client, kind, Strictness::Lenient, &broken).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "records.txt does not hold a factor registry: value: another active factor has the same proxy"
    );
    let error = tried(&mut client, kind, Strictness::Lenient, "{\"version\": \"x\",\n\"factor\": []}").await;
    assert!(error.unwrap_err().to_string().contains("line 2"));
    assert_eq!(factors::registry(&client, None).await.unwrap(), known);
}

#[tokio::test]
async fn the_scenarios_of_the_code_are_those_of_the_file() {
    let mut client = store().await;
    let standard = scenarios::catalogue(&client, None).await.unwrap();
    assert_eq!(standard.vintage, None);
    let path = data("stress_scenarios.json");
    import_records(&mut client, &path, RecordKind::Scenarios, Strictness::Strict, at()).await.unwrap();
    let stored = scenarios::catalogue(&client, None).await.unwrap();
    assert_eq!((stored.vintage, &stored.catalogue), (Some(Vintage::new(1)), &ScenarioCatalogue::standard()));
    let fewer =
        std::fs::read_to_string(&path).unwrap().replace("-0.35", "-0.34").replace("standard-1", "mine-1");
    let (outcome, _) = imported(&mut client, RecordKind::Scenarios, &fewer).await;
    assert_eq!(counts(&outcome), (Some(2), 0, 1, 0));
    assert_eq!(scenarios::catalogue(&client, None).await.unwrap().catalogue.version, "mine-1");
    assert_eq!(scenarios::catalogue(&client, Some(Vintage::new(1))).await.unwrap(), stored);
}

#[tokio::test]
async fn reference_data_is_never_changed_or_deleted() {
    let mut client = store().await;
    imported(&mut client, RecordKind::Profiles, PROFILES).await;
    for table in
        ["company_profiles", "sector_weights", "risk_free_rates", "factor_registries", "scenario_catalogues"]
    {
        for statement in [
            format!("update {table} set vintage = 9"),
            format!("delete from {table}"),
            format!("truncate {table}"),
        ] {
            let error = client.batch_execute(&statement).await.unwrap_err();
            let message = error.as_db_error().unwrap().message();
            assert_eq!(
                message,
                format!("{table} is insert-only: a correction is a new vintage"),
                "{statement}"
            );
        }
    }
}
