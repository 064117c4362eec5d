//! Runs, their ledgers and their equity series show what the domain says.

use std::time::Duration;

use events::log::Log;
use events::model::ModelCommand;
use events::run::ledger::{Action, records as expand};
use events::run::{RunCommand, RunStatus};
use projections::equity::{self, EquitySeries};
use projections::runs::{self, RunFilter};
use projections::{Projections, RunnerOptions, Watermarks, ledger};

use super::diary::watermarks;
use super::market::{Ran, create_model, script, terms, wandering};
use crate::support::tape;

const ALL: [&str; 6] = ["streams", "models", "runs", "ledger", "equity", "leaderboard"];

async fn all_caught_up(log: &Log, watermarks: &Watermarks) {
    let head = log.head().await.unwrap();
    watermarks.wait_for_all(&ALL, head, Duration::from_secs(30)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_from_its_request_to_its_deletion() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let client = log.pool().get().await.unwrap();
    let (model, mut told) = create_model(&log, "Trend", None).await;
    let bars = wandering(25);
    let policy = script(&["3 buy 10 AAPL", "4 sell 99 AAPL", "12 sell 4 AAPL"]);
    let mut ran = Ran::request(&log, model, 1, &terms(&bars, 10)).await;
    all_caught_up(&log, &watermarks).await;
    let row = runs::find(&client, ran.run).await.unwrap().unwrap();
    assert_eq!((row.run.status, row.run.bars_done, row.run.bars_total), (RunStatus::Pending, 0, 25));
    assert_eq!(runs::unfinished(&client).await.unwrap(), [ran.run]);

    ran.advance(&log, &bars, &policy).await;
    all_caught_up(&log, &watermarks).await;
    let row = runs::find(&client, ran.run).await.unwrap().unwrap();
    assert_eq!((row.run.status, row.run.bars_done), (RunStatus::Running, 10));
    assert_eq!(row.run.value, *ran.values().last().unwrap());

    while ran.told.state.next_bar().is_some() {
        ran.advance(&log, &bars, &policy).await;
    }
    let mut other = Ran::request(&log, model, 2, &terms(&bars, 10)).await;
    other.send(&log, RunCommand::Cancel { reason: "no more".to_owned() }).await;
    all_caught_up(&log, &watermarks).await;
    let row = runs::find_by_number(&client, model, 1).await.unwrap().unwrap();
    assert_eq!((row.run.status, row.run.bars_done), (RunStatus::Completed, 25));
    assert_eq!(row.snapshot.as_ref(), &terms(&bars, 10));
    assert_eq!(row.run.figures.as_ref().unwrap().value, row.run.value);
    assert_eq!(row.run.version.0, i64::try_from(ran.told.events.len()).unwrap());
    let newest = runs::list(&client, &RunFilter::default(), None, 1).await.unwrap();
    assert_eq!((newest.items[0].run_id, newest.items[0].reason.as_deref()), (other.run, Some("no more")));
    let completed = RunFilter { status: Some(RunStatus::Completed), model: Some(model), owner: None };
    let completed = runs::list(&client, &completed, newest.next_cursor, 9).await.unwrap();
    assert_eq!(completed.items, [row.run]);
    assert_eq!(runs::unfinished(&client).await.unwrap(), []);

    ran.send(&log, RunCommand::Delete).await;
    all_caught_up(&log, &watermarks).await;
    assert_eq!(runs::find(&client, ran.run).await.unwrap(), None);
    assert!(ledger::records(&client, ran.run, None, 9).await.unwrap().items.is_empty());
    assert_eq!(equity::last(&client, ran.run).await.unwrap(), None);
    told.send(&log, model, ModelCommand::Delete).await;
    let late = Ran::request(&log, model, 3, &terms(&bars, 10)).await;
    all_caught_up(&log, &watermarks).await;
    assert_eq!(runs::find(&client, other.run).await.unwrap(), None);
    assert_eq!(runs::find(&client, late.run).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_the_domains_expansion_page_by_page() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    // Pages smaller than a chunk's events, so that executions and their chunk come apart.
    let options = RunnerOptions { page: 3, owner: "test".to_owned() };
    let _running = Projections::standard().start(&log, &watermarks, &options);
    let (model, _) = create_model(&log, "Trend", None).await;
    let bars = wandering(47);
    let lines = [
        "1 buy 3 AAPL",
        "1 buy 4 AAPL",
        "9 sell 7 AAPL",
        "20 buy 5 AAPL",
        "21 buy 500 AAPL",
        "40 sell 2 AAPL",
    ];
    let ran = Ran::completed(&log, model, 1, &bars, &script(&lines), 10).await;
    all_caught_up(&log, &watermarks).await;
    let client = log.pool().get().await.unwrap();
    let expected: Vec<_> = expand(&ran.told.events).collect();
    for limit in [1, 3, 10, 200] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = ledger::records(&client, ran.run, after, limit).await.unwrap();
            assert!(page.items.len() <= usize::from(limit));
            found.extend(page.items);
            after = page.next_cursor;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "pages of {limit}");
    }
    assert_eq!(ledger::last_record(&client, ran.run).await.unwrap().as_ref(), expected.last());
    let executions = ledger::executions(&client, ran.run, None, 200).await.unwrap().items;
    let traded = expected.iter().filter(|it| matches!(it.action, Action::Buy | Action::Sell)).count();
    assert_eq!((executions.len(), traded), (5, 5));
    let refusals = ledger::refusals(&client, ran.run, None, 200).await.unwrap().items;
    assert_eq!((refusals.len(), refusals[0].cause.as_str(), refusals[0].bar), (1, "insufficient_cash", 21));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equity_series_reads_back_in_pages_chunks_and_samples() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let (model, _) = create_model(&log, "Trend", None).await;
    let ran = Ran::completed(&log, model, 1, &wandering(250), &script(&["1 buy 50 AAPL"]), 40).await;
    all_caught_up(&log, &watermarks).await;
    let client = log.pool().get().await.unwrap();
    let values = ran.values();
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = equity::points(&client, ran.run, after, 33).await.unwrap();
        paged.extend(page.items.iter().map(|point| point.value));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, values);
    let (mut series, mut streamed) = (EquitySeries::of(&client, ran.run), Vec::new());
    loop {
        let chunk = series.next_chunk().await.unwrap();
        if chunk.is_empty() {
            break;
        }
        streamed.extend(chunk.iter().map(|point| point.value));
    }
    assert_eq!(streamed, values);
    let sampled = equity::sampled(&client, ran.run, 40).await.unwrap();
    assert_eq!(sampled.total, 250);
    assert!(sampled.points.len() <= 40);
    assert_eq!(sampled.points.iter().map(|point| point.value).max(), values.iter().max().copied());
    assert_eq!(sampled.points.last().unwrap().bar, 249);
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilding_every_read_model_gives_equal_rows() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let projections = Projections::standard();
    let options = RunnerOptions { page: 5, owner: "test".to_owned() };
    let running = projections.start(&log, &watermarks, &options);
    let (model, mut told) = create_model(&log, "Trend", None).await;
    let (doomed, mut gone) = create_model(&log, "Doomed", None).await;
    let bars = wandering(60);
    for (number, line) in (1..).zip(["1 buy 50 AAPL", "2 buy 20 AAPL", "3 buy 9999 AAPL"]) {
        Ran::completed(&log, model, number, &bars, &script(&[line, "30 sell 5 AAPL"]), 25).await;
    }
    let mut deleted = Ran::completed(&log, model, 4, &bars, &script(&[]), 25).await;
    deleted.send(&log, RunCommand::Delete).await;
    Ran::completed(&log, doomed, 1, &bars, &script(&[]), 25).await;
    gone.send(&log, doomed, ModelCommand::Delete).await;
    told.send(&log, model, super::market::renamed("Renamed")).await;
    let mut half = Ran::request(&log, model, 5, &terms(&bars, 25)).await;
    half.advance(&log, &bars, &script(&["2 buy 1 AAPL"])).await;
    all_caught_up(&log, &watermarks).await;
    running.stop().await;
    let client = log.connector().connect().await.unwrap();
    let tables = [
        "stream_summaries",
        "models",
        "runs",
        "runs_of_deleted_models",
        "equity_chunks",
        "ledger_chunks",
        "ledger_fills",
        "ledger_refusals",
        "ledger_orders",
        "leaderboard_runs",
        "leaderboard_models",
    ];
    let mut before = Vec::new();
    for table in tables {
        before.push(dump(&client, table).await);
    }
    for name in projections.names() {
        projections.rebuild(name, &log, &mut |_| {}).await.unwrap();
    }
    for (table, before) in tables.iter().zip(before) {
        assert_eq!(dump(&client, table).await, before, "{table}");
    }
}

async fn dump(client: &tokio_postgres::Client, table: &str) -> Vec<String> {
    let statement =
        format!("select to_jsonb(t)::text as line from {table} t order by to_jsonb(t)::text collate \"C\"");
    client.query(&statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
