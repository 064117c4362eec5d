//! Performance, leaderboard and comparison.

use std::time::Duration;

use events::Price;
use events::log::Log;
use events::model::ModelCommand;
use events::run::RunCommand;
use projections::compare::{CompareError, compare};
use projections::leaderboard::{self, LeaderboardQuery, Metric, Scope};
use projections::performance::{ConventionName, PerformanceError, PerformanceQuery, performance};
use projections::{Projections, RunnerOptions, Watermarks, runs};

use super::diary::watermarks;
use super::market::{Ran, create_model, daily, script, terms, wandering};
use crate::support::tape;

async fn all_caught_up(log: &Log, watermarks: &Watermarks) {
    let head = log.head().await.unwrap();
    let all = ["models", "runs", "ledger", "equity", "leaderboard"];
    watermarks.wait_for_all(&all, head, Duration::from_secs(30)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_the_equity_series_and_the_trades() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let (model, _) = create_model(&log, "Trend", None).await;
    // 10,000; buy 50 at 100; sell 20 at 99; sell 30 at 105: the same cash flows as the worked example of the formulas.
    let bars = daily(&[("AAPL", &["100", "100", "102", "99", "104", "101", "105"])]);
    let lines = ["1 buy 50 AAPL", "3 sell 20 AAPL", "6 sell 30 AAPL"];
    let ran = Ran::completed(&log, model, 1, &bars, &script(&lines), 3).await;
    all_caught_up(&log, &watermarks).await;
    let client = log.pool().get().await.unwrap();
    let run = runs::find(&client, ran.run).await.unwrap().unwrap();

    let benchmark = |at: jiff::Timestamp| (at.as_second() % 172_800 == 0).then_some(500.0);
    let query = PerformanceQuery { benchmark: Some(&benchmark), ..PerformanceQuery::default() };
    let shown = performance(&client, &run, &query).await.unwrap();
    let values: Vec<f64> = ran.values().iter().map(|value| value.to_f64()).collect();
    assert_eq!(values, [10_000.0, 10_000.0, 10_100.0, 9_950.0, 10_100.0, 10_010.0, 10_130.0]);
    assert!((shown.equity.cumulative_return.unwrap() - 0.013).abs() < 1e-12);
    assert!((shown.equity.max_drawdown.unwrap() - 150.0 / 10_100.0).abs() < 1e-12);
    assert!(shown.equity.annualised_return.is_err());
    assert_eq!((shown.trades.buys, shown.trades.sells, shown.trades.winning_trades), (1, 2, 1));
    assert!((shown.trades.realised.unwrap() - 130.0).abs() < 1e-9);
    let stamps = shown.drawdown.unwrap();
    let day = |bar: usize| Some(bars.starts()[bar]);
    assert_eq!((stamps.peak_at, stamps.trough_at, stamps.recovery_at), (day(2), day(3), day(4)));
    assert!(!shown.var_95.available && shown.var_95.value.is_none());
    let late = PerformanceQuery { from: day(3), ..PerformanceQuery::default() };
    let late = performance(&client, &run, &late).await.unwrap();
    assert!((late.equity.cumulative_return.unwrap() - (10_130.0 / 9_950.0 - 1.0)).abs() < 1e-12);
    assert_eq!((late.trades.trades, late.drawdown.unwrap().trough_at), (2, day(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_benchmarks_convention_counts_records_and_needs_closes() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let (model, _) = create_model(&log, "Trend", None).await;
    let bars = daily(&[("AAPL", &["100", "100", "110"]), ("MSFT", &["50", "50", "40"])]);
    let lines = ["1 buy 10 AAPL", "1 buy 10 MSFT"];
    let ran = Ran::completed(&log, model, 1, &bars, &script(&lines), 1_000).await;
    all_caught_up(&log, &watermarks).await;
    let client = log.pool().get().await.unwrap();
    let run = runs::find(&client, ran.run).await.unwrap().unwrap();
    let query = PerformanceQuery { convention: ConventionName::AiTrader, ..PerformanceQuery::default() };
    let error = performance(&client, &run, &query).await.unwrap_err();
    assert!(matches!(error, PerformanceError::ClosesNeeded));
    let closes = |symbol: &events::Symbol, at: jiff::Timestamp| -> Option<Price> {
        let bar = bars.starts().iter().position(|start| *start == at)?;
        bars.columns()[bars.column_of(symbol)?].close_at(bar)
    };
    let query = PerformanceQuery { closes: Some(&closes), ..query };
    let shown = performance(&client, &run, &query).await.unwrap();
    // Opening, two executions, one bar without: four records, where the bars would give three points.
    assert_eq!((shown.equity.points, shown.equity.convention.periods_per_year), (4, 1_638.0));
    assert_eq!(shown.equity.final_equity.unwrap(), 10_000.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leaderboard_ranks_completed_runs_and_ties_share_a_rank() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let options = RunnerOptions { page: 4, owner: "test".to_owned() };
    let _running = Projections::standard().start(&log, &watermarks, &options);
    let (bold, mut told) = create_model(&log, "Bold", None).await;
    let (shy, _) = create_model(&log, "Shy", None).await;
    let (gone, mut deleted) = create_model(&log, "Gone", None).await;
    let bars = wandering(60);
    let weak = Ran::completed(&log, bold, 1, &bars, &script(&["1 buy 5 AAPL"]), 7).await;
    let strong = Ran::completed(&log, bold, 2, &bars, &script(&["1 buy 90 AAPL"]), 7).await;
    let idle = Ran::completed(&log, shy, 1, &bars, &script(&[]), 7).await;
    let again = Ran::completed(&log, shy, 2, &bars, &script(&[]), 60).await;
    Ran::completed(&log, gone, 1, &bars, &script(&["1 buy 99 AAPL"]), 7).await;
    Ran::request(&log, shy, 3, &terms(&bars, 7)).await;
    deleted.send(&log, gone, ModelCommand::Delete).await;
    told.send(&log, bold, super::market::renamed("Bolder")).await;
    all_caught_up(&log, &watermarks).await;
    let client = log.pool().get().await.unwrap();

    let all = LeaderboardQuery { scope: Scope::AllRuns, ..LeaderboardQuery::default() };
    let page = leaderboard::list(&client, &all, None, 50).await.unwrap();
    let mut by_value = [&weak, &strong, &idle, &again];
    by_value.sort_by_key(|ran| std::cmp::Reverse(*ran.values().last().unwrap()));
    assert_eq!(page.items.len(), 4);
    let best = by_value[0].values().last().copied().unwrap();
    assert_eq!((page.items[0].rank, page.items[0].final_value), (Some(1), best));
    let ranks = |entries: &[leaderboard::Entry]| entries.iter().map(|entry| entry.rank).collect::<Vec<_>>();
    let idle_rank = page.items.iter().find(|entry| entry.run_id == idle.run).unwrap().rank;
    let again_rank = page.items.iter().find(|entry| entry.run_id == again.run).unwrap().rank;
    assert_eq!(idle_rank, again_rank);
    assert!(page.items.iter().any(|entry| entry.model_name == "Bolder" && entry.trades == 1));

    let sharpe = LeaderboardQuery { metric: Metric::Sharpe, ..all.clone() };
    let page = leaderboard::list(&client, &sharpe, None, 50).await.unwrap();
    assert_eq!(ranks(&page.items)[2..], [None, None], "a flat series has no Sharpe ratio and no rank");
    assert!(!page.items[3].sharpe.available && page.items[3].sharpe.because.is_some());

    let of_models = leaderboard::list(&client, &LeaderboardQuery::default(), None, 1).await.unwrap();
    assert_eq!(of_models.items.len(), 1);
    let cursor = of_models.next_cursor.unwrap().to_string().parse().unwrap();
    let rest = leaderboard::list(&client, &LeaderboardQuery::default(), Some(cursor), 5).await.unwrap();
    assert_eq!((rest.items.len(), rest.next_cursor), (1, None));
    assert_ne!(of_models.items[0].model_id, rest.items[0].model_id);

    let figure = |entry: &leaderboard::Entry| entry.volatility.value;
    let strong_entry = leaderboard::list(&client, &all, None, 50).await.unwrap();
    let strong_entry = strong_entry.items.iter().find(|entry| entry.run_id == strong.run).unwrap().clone();
    let run = runs::find(&client, strong.run).await.unwrap().unwrap();
    let asked = performance(&client, &run, &PerformanceQuery::default()).await.unwrap();
    assert_eq!(
        figure(&strong_entry),
        asked.equity.volatility.ok(),
        "folded by chunks and read at once agree"
    );
    let mut strong = strong;
    strong.send(&log, RunCommand::Delete).await;
    all_caught_up(&log, &watermarks).await;
    let left = leaderboard::list(&client, &all, None, 50).await.unwrap();
    assert_eq!(left.items.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn compared_runs_show_differences_curves_correlations_and_disagreements() {
    let log = tape::fresh_log().await;
    let watermarks = watermarks(&log);
    let _running = Projections::standard().start(&log, &watermarks, &RunnerOptions::default());
    let (model, _) = create_model(&log, "Trend", None).await;
    let bars = wandering(60);
    let one = Ran::completed(&log, model, 1, &bars, &script(&["1 buy 50 AAPL", "20 sell 10 AAPL"]), 7).await;
    let two = Ran::completed(&log, model, 2, &bars, &script(&["1 buy 25 AAPL", "20 buy 5 AAPL"]), 13).await;
    all_caught_up(&log, &watermarks).await;
    let client = log.pool().get().await.unwrap();
    let mut details = Vec::new();
    for ran in [&one, &two] {
        details.push(runs::find(&client, ran.run).await.unwrap().unwrap());
    }
    let query = PerformanceQuery::default();
    let shown = compare(&client, details.clone(), &query, 20).await.unwrap();
    let settings: Vec<&str> =
        shown.differences.iter().map(|difference| difference.setting.as_str()).collect();
    assert_eq!(settings, ["chunk_bars"]);
    assert_eq!(shown.curves.total, 60);
    assert!(shown.curves.points.len() <= 20);
    let last = shown.curves.points.last().unwrap();
    assert_eq!(last.values, [one.values().last().copied(), two.values().last().copied()]);
    let correlation = shown.correlations.0[0][1].unwrap();
    assert!(correlation > 0.9 && correlation <= 1.0, "{correlation}");
    assert_eq!(shown.opposites.total, 1);
    let opposite = &shown.opposites.bars[0];
    assert_eq!(opposite.bar_start_at, bars.starts()[20]);
    assert!(opposite.bought.contains_key(&two.run) && opposite.sold.contains_key(&one.run));
    serde_json::to_string(&shown).unwrap();

    let error = compare(&client, details[..1].to_vec(), &query, 20).await.unwrap_err();
    assert!(matches!(error, CompareError::Count(1)));
    let twice = vec![details[0].clone(), details[0].clone()];
    assert!(matches!(compare(&client, twice, &query, 20).await.unwrap_err(), CompareError::Twice(_)));
}
