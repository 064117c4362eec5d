//! Snapshots: a worker values portfolios when they change, when prices come and when it finds them behind.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use events::Interval;
use jiff::{SignedDuration, Timestamp};
use projections::bars::{self, BarPrices, ImportedBar, Once, Source};
use serde_json::{Value, json};
use tapedeck::app::{Role, RunningApp};

use super::Portfolios;
use crate::http::kit::{Deck, idle_deck};
use crate::support::app::caught_up;

/// Closes of ACME on the three sessions, from 2025-01-06 on.
const CLOSES: [i64; 3] = [151, 153, 152];
const THREE_DAYS: &str = "start_date=2025-01-06&end_date=2025-01-08";

/// Long enough for a worker that looks every few seconds, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A portfolio of 100,000 that buys 100 ACME at 150 on the first day, gets 5,000 on the second, sells 40 at 154 and gives
/// 2,000 on the third; and the position that it bought.
async fn acme(deck: &Deck) -> (String, String) {
    let opened = deck
        .open_portfolio(json!({
            "name": "Acme", "account_name": "Acme", "account_type": "taxable", "equity_balance": "100000",
            "inception_date": "2025-01-06",
        }))
        .await;
    let portfolio = opened.data(201)["id"].as_str().unwrap().to_owned();
    let bought =
        json!({"symbol": "ACME", "quantity": "100", "entry_price": "150", "entry_date": "2025-01-06"});
    let entered = deck.enter(&portfolio, bought).await;
    let position = entered.data(201)["id"].as_str().unwrap().to_owned();
    let flows = format!("/portfolios/{portfolio}/equity-changes");
    for (kind, amount, date) in [("CONTRIBUTION", "5000", "2025-01-07"), ("WITHDRAWAL", "2000", "2025-01-08")]
    {
        let flow = json!({"change_type": kind, "amount": amount, "change_date": date});
        deck.post(&flows, &flow).await.data(201);
    }
    let sold = json!({"close_quantity": "40", "exit_price": "154", "exit_date": "2025-01-08"});
    deck.put(&format!("/positions/{position}"), &sold).await.data(200);
    (portfolio, position)
}

/// Brings the closes of the three days.
async fn import_closes(deck: &Deck) {
    let mut client = deck.running.app.log.connector().connect().await.unwrap();
    let first: Timestamp = "2025-01-06T00:00:00Z".parse().unwrap();
    let bars = CLOSES.into_iter().zip(0..).map(|(close, day)| {
        let start = first + SignedDuration::from_hours(24 * day);
        let price = close.to_string().parse().unwrap();
        ImportedBar {
            symbol: "ACME".parse().unwrap(),
            interval: Interval::Day,
            start,
            end: start + SignedDuration::from_hours(24),
            prices: BarPrices::Full { open: price, high: price, low: price, close: price },
            volume: None,
            adjusted_close: None,
        }
    });
    let source = Source { name: "acme".to_owned(), format: "test".to_owned(), identity: None };
    let stored = bars::load(&mut client, source, bars, &json!({}), events::time::now()).await.unwrap();
    assert!(matches!(stored, Once::New(_)));
}

/// The snapshots of the three days, once they are as wanted and nothing behind them is still being recorded.
async fn until_three(deck: &Deck, portfolio: &str, is_wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let path = format!("/data/portfolio/{portfolio}/snapshots?{THREE_DAYS}");
    let deadline = Instant::now() + DEADLINE;
    loop {
        let listed = deck.see(&path).await;
        let items = listed.items();
        if is_wanted(items) && is_settled(deck).await {
            return items.clone();
        }
        assert!(Instant::now() < deadline, "still not as wanted: {items:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Sessions are recorded in portions; behind the last of them stands what they were computed from.
pub(super) async fn is_settled(deck: &Deck) -> bool {
    let client = deck.running.app.log.connector().connect().await.unwrap();
    let statement = "select coalesce(bool_and(v.portfolio_version = p.version and v.completed_seq > (
            select max(s.known_from) from portfolio_snapshots s where s.portfolio_id = p.portfolio_id)), false)
            and not exists (select from calculations c where c.ended_at is null)
        from portfolios p left join valuations v using (portfolio_id)";
    client.query_one(statement, &[]).await.unwrap().get(0)
}

fn figures(snapshots: &[Value]) -> Vec<[&str; 3]> {
    let of = |snapshot| ["daily_pnl", "equity_balance", "cash_balance"].map(|name| text(snapshot, name));
    snapshots.iter().map(of).collect()
}

fn text<'a>(snapshot: &'a Value, name: &str) -> &'a str {
    snapshot[name].as_str().unwrap()
}

fn are(figures_wanted: [[&str; 3]; 3]) -> impl Fn(&[Value]) -> bool {
    move |snapshots| figures(snapshots) == figures_wanted
}

const EXAMPLE: [[&str; 3]; 3] =
    [["100", "100100", "85000"], ["200", "105300", "90000"], ["-20", "103280", "94160"]];

/// The text of all rows of a table.
async fn rows(deck: &Deck, table: &str) -> Vec<String> {
    let client = deck.running.app.log.connector().connect().await.unwrap();
    let statement = format!("select t::text from {table} t order by 1");
    client.query(&statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Which event recorded what is shown of each session.
async fn recorded_in(deck: &Deck) -> BTreeMap<String, i64> {
    let client = deck.running.app.log.connector().connect().await.unwrap();
    let statement = "select session::text, known_from from portfolio_snapshots where known_until is null";
    client.query(statement, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn start_worker(deck: &Deck) -> RunningApp {
    RunningApp::start((*deck.running.app.config).clone(), &[Role::Worker].into()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_finds_what_is_behind_and_values_it_anew_only_from_where_it_differs() {
    let deck = idle_deck().await;
    let (portfolio, _) = acme(&deck).await;
    caught_up(&deck.running.app).await;
    let latest = format!("/data/portfolio/{portfolio}/snapshot");
    let none = deck.see(&latest).await;
    assert_eq!(none.data(200), &json!({"available": false, "reason": "no_snapshots", "snapshot": null}));

    // Nobody valued it while it changed: a node that starts finds it.
    let worker = start_worker(&deck).await;
    let unpriced = until_three(&deck, &portfolio, |snapshots| snapshots.len() == 3).await;
    assert_eq!((&unpriced[0]["is_complete"], &unpriced[0]["unpriced_count"]), (&json!(false), &json!(1)));
    let before_prices = deck.running.app.log.head().await.unwrap();

    import_closes(&deck).await;
    let valued = until_three(&deck, &portfolio, are(EXAMPLE)).await;
    assert_eq!(valued[2]["daily_realized_pnl"], "160");
    assert_eq!((&valued[2]["is_complete"], &valued[2]["unpriced_count"]), (&json!(true), &json!(0)));
    assert_eq!(
        (&valued[2]["long_exposure"], &valued[2]["cumulative_capital_flow"]),
        (&json!("9120"), &json!("3000"))
    );
    let daily_return = valued[1]["daily_return"].as_f64().unwrap();
    assert!((daily_return - 200.0 / 100_100.0).abs() < 1e-12, "{daily_return}");

    // What was known before the prices came, and what was true on a day.
    let then = deck.see(&format!("{latest}?as_of_date=2025-01-08&known_at={before_prices}")).await;
    assert_eq!(then.data(200)["snapshot"]["is_complete"], false);
    let on_a_day = deck.see(&format!("{latest}?as_of_date=2025-01-07")).await;
    assert_eq!(on_a_day.data(200)["snapshot"], valued[1]);

    // A trade of the second day changes nothing before.
    caught_up(&deck.running.app).await;
    let before = recorded_in(&deck).await;
    let late = json!({"symbol": "ACME", "quantity": "10", "entry_price": "150", "entry_date": "2025-01-07"});
    deck.enter(&portfolio, late).await.data(201);
    let late = [["100", "100100", "85000"], ["230", "105330", "88500"], ["-30", "103300", "92660"]];
    until_three(&deck, &portfolio, are(late)).await;
    let after = recorded_in(&deck).await;
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (session, position) in &after {
        assert_eq!(*position != before[session], session.as_str() >= "2025-01-07", "{session}");
    }

    worker.stop().await.unwrap();
    caught_up(&deck.running.app).await;
    for table in ["portfolio_snapshots", "valuations"] {
        let folded = rows(&deck, table).await;
        assert!(!folded.is_empty());
        let app = &deck.running.app;
        app.projections.rebuild("snapshots", &app.log, &mut |_| ()).await.unwrap();
        assert_eq!(rows(&deck, table).await, folded, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_twice_and_changes_are_valued_soon() {
    let deck = idle_deck().await;
    let worker = start_worker(&deck).await;
    import_closes(&deck).await;
    let (portfolio, position) = acme(&deck).await;
    until_three(&deck, &portfolio, are(EXAMPLE)).await;
    caught_up(&deck.running.app).await;
    worker.stop().await.unwrap();

    // Another node starts, looks, and finds nothing to do until the portfolio changes.
    let before = deck.running.app.log.head().await.unwrap();
    let worker = start_worker(&deck).await;
    let noted = deck.put(&format!("/positions/{position}"), &json!({"notes": "n"})).await;
    noted.data(200);
    let moved = json!({"change_type": "CONTRIBUTION", "amount": "1", "change_date": "2025-01-08"});
    deck.post(&format!("/portfolios/{portfolio}/equity-changes"), &moved).await.data(201);
    until_three(&deck, &portfolio, |snapshots| snapshots[2]["equity_balance"] == "103281").await;
    worker.stop().await.unwrap();
    let client = deck.running.app.log.connector().connect().await.unwrap();
    let recorded = client
        .query(
            "select known_from from portfolio_snapshots where known_from > $1 and session < '2025-01-08'",
            &[&before.0],
        )
        .await
        .unwrap();
    assert!(recorded.is_empty(), "what did not change is not recorded again");
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_listed_in_pages_of_a_range() {
    let deck = idle_deck().await;
    let worker = start_worker(&deck).await;
    import_closes(&deck).await;
    let (portfolio, _) = acme(&deck).await;
    until_three(&deck, &portfolio, are(EXAMPLE)).await;
    worker.stop().await.unwrap();

    let path = format!("/data/portfolio/{portfolio}/snapshots");
    let dates = |items: &[Value]| -> Vec<String> {
        items.iter().map(|item| item["snapshot_date"].as_str().unwrap().to_owned()).collect()
    };
    let page = deck.see(&format!("{path}?{THREE_DAYS}&limit=2")).await;
    assert_eq!(dates(page.items()), ["2025-01-06", "2025-01-07"]);
    assert_eq!(page.meta()["total"], 3);
    let cursor = page.next_cursor().unwrap();
    let rest = deck.see(&format!("{path}?{THREE_DAYS}&limit=2&cursor={cursor}")).await;
    assert_eq!((dates(rest.items()), rest.next_cursor()), (vec!["2025-01-08".to_owned()], None));
    let until = deck.see(&format!("{path}?start_date=2025-01-01&as_of_date=2025-01-07")).await;
    assert_eq!(dates(until.items()), ["2025-01-06", "2025-01-07"]);
    for query in ["start_date=2025-01-09&end_date=2025-01-08", "start_date=2015-01-01&end_date=2025-01-08"] {
        let refused = deck.see(&format!("{path}?{query}")).await;
        assert_eq!(refused.problem(422, "validation_failed"), ["start_date: out_of_range"], "{query}");
    }
    let nobodys = "0199a0de-0000-7000-8000-000000000000";
    for list in ["snapshot", "snapshots"] {
        deck.see(&format!("/data/portfolio/{nobodys}/{list}")).await.problem(404, "not_found");
    }
}

/// How a calculation stands once it is over.
async fn until_over(deck: &Deck, poll_url: &str) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let status = deck.see(poll_url).await.data(200).clone();
        if status["status"] != "running" {
            return status;
        }
        assert!(Instant::now() < deadline, "still running: {status:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calculation_is_completed_by_what_is_valued_after_it_was_asked_for_alone() {
    let deck = idle_deck().await;
    import_closes(&deck).await;
    let worker = start_worker(&deck).await;
    let (portfolio, _) = acme(&deck).await;
    until_three(&deck, &portfolio, are(EXAMPLE)).await;
    worker.stop().await.unwrap();
    caught_up(&deck.running.app).await;

    // The old snapshots complete nothing, and nobody is there to make new ones.
    let path = format!("/portfolios/{portfolio}/calculate");
    let asked = deck.post(&path, &json!({})).await;
    let told = asked.data(202);
    let poll_url = told["poll_url"].as_str().unwrap();
    assert_eq!(poll_url, asked.header("location"));
    let status = deck.get(poll_url).await;
    let status = status.data(200);
    assert_eq!((&status["status"], &status["completed_at"]), (&json!("running"), &json!(null)));
    assert_eq!((&status["triggered_by"], &status["batch_run_id"]), (&json!("local"), &told["batch_run_id"]));
    deck.post(&path, &json!({"force": false})).await.problem(409, "CALCULATION_RUNNING");
    let forced = deck.post(&path, &json!({"force": true})).await;
    let forced = forced.data(202)["poll_url"].as_str().unwrap();
    let flow = json!({"change_type": "CONTRIBUTION", "amount": "1", "change_date": "2025-01-08"});
    let flow = deck.post(&format!("/portfolios/{portfolio}/equity-changes"), &flow).await;
    let job = flow.header("x-recalculation-job").to_owned();
    assert_eq!(flow.data(201)["amount"], "1");

    // The same requests, on a worker that was not there when they were made.
    let worker = start_worker(&deck).await;
    let first = until_over(&deck, poll_url).await;
    assert_eq!((&first["status"], &first["failure"]), (&json!("completed"), &json!(null)));
    assert_eq!(
        first["phases"][0],
        json!({"id": "snapshots", "name": "Snapshots of all sessions", "status": "completed"})
    );
    assert_eq!(until_over(&deck, forced).await["status"], "completed");
    let alias = format!("/analytics/portfolio/{portfolio}/batch-status/{job}");
    assert_eq!(until_over(&deck, &alias).await["status"], "completed");
    until_three(&deck, &portfolio, |snapshots| snapshots[2]["equity_balance"] == "103281").await;

    let again = deck.post(&format!("/analytics/portfolio/{portfolio}/calculate"), &json!({})).await;
    let again = again.data(202)["poll_url"].as_str().unwrap().to_owned();
    assert_eq!(until_over(&deck, &again).await["status"], "completed");
    worker.stop().await.unwrap();
    let unknown = "0199a0de-0000-7000-8000-000000000000";
    deck.get(&format!("/portfolios/{portfolio}/batch-status/{unknown}")).await.problem(404, "not_found");
    deck.post(&format!("/portfolios/{unknown}/calculate"), &json!({})).await.problem(404, "not_found");
    deck.post(&path, &json!({"force": 1})).await.problem(422, "validation_failed");
}
