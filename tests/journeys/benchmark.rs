//! Conformance: two agents of the public AI-Trader benchmark, imported from their recorded ledgers over its prices, must
//! have every figure of the table in `tests/fixtures/aitrader/README.md`, to the last printed digit.

use std::collections::BTreeMap;
use std::fs::File;

use events::market::Bars;
use events::policy::{ImportFinding, ImportRule, NoParameters, PolicySpec};
use events::run::ledger::{Action, LedgerRecord};
use events::run::{RunFigures, RunKind, RunStatus};
use events::{Cash, Interval, Metadata, ModelId, Price, Principal, Quantity, RunId, Symbol};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use projections::equity::{EquityPoint, EquitySeries};
use projections::performance::{ConventionName, PerformanceQuery, RunPerformance, performance};
use projections::{ledger, runs};
use quant::{Convention, PerformanceAccumulator};
use tapedeck::app::App;
use tapedeck::audit::audit_run;
use tapedeck::import_ledger::{ImportLedger, compare_with_file, import_ledger};
use tapedeck::market::import::ImportOptions;
use tapedeck::market::import::positions::{RecordedAction, RecordedLedger};
use tapedeck::start_run::StartRun;

use crate::support::app::{
    application, caught_up, drive, import, project_file, request, run_through, shared_config,
};

/// A column of the table.
struct Published {
    agent: &'static str,
    /// Lines of the file; buys and sells of amount 0 included.
    records: usize,
    buys: usize,
    sells: usize,
    no_trades: usize,
    /// Lines that buy or sell nothing: decisions without a fill.
    amount_zero: &'static [u64],
    final_cash: &'static str,
    value_at_close: &'static str,
    value_at_open: &'static str,
    return_pct: &'static str,
    drawdown_pct: &'static str,
    peak_at: &'static str,
    trough_at: &'static str,
    lowest: &'static str,
    highest: &'static str,
    sharpe: &'static str,
    sortino: &'static str,
    sharpe_by_bar: &'static str,
    sharpe_daily: &'static str,
    executed: u64,
    notional: &'static str,
    turnover: &'static str,
    realised: &'static str,
    closing: u64,
    gains: u64,
    holdings: &'static [(&'static str, &'static str)],
    held_symbols: usize,
    /// Fills that are not the open of their bar.
    off_open: usize,
}

const GPT_5: Published = Published {
    agent: "gpt-5",
    records: 192,
    buys: 31,
    sells: 14,
    no_trades: 146,
    amount_zero: &[],
    final_cash: "71.7500",
    value_at_close: "10156.3900",
    value_at_open: "10095.7700",
    return_pct: "1.563900",
    drawdown_pct: "10.501236",
    peak_at: "2025-10-29T15:00",
    trough_at: "2025-11-07T11:00",
    lowest: "9848.4798",
    highest: "11004.0400",
    sharpe: "0.608779",
    sortino: "0.702090",
    sharpe_by_bar: "0.647668",
    sharpe_daily: "0.616329",
    executed: 45,
    notional: "38405.0500",
    turnover: "3.718407",
    realised: "63.5875",
    closing: 14,
    gains: 5,
    holdings: &[("AMD", "11"), ("CRWD", "1"), ("MRVL", "17"), ("MSFT", "6"), ("NVDA", "13")],
    held_symbols: 5,
    off_open: 45,
};

const MINIMAX_M2: Published = Published {
    agent: "MiniMax-M2",
    records: 225,
    buys: 57,
    sells: 41,
    no_trades: 126,
    amount_zero: &[127, 186],
    final_cash: "74.7007",
    value_at_close: "10953.1773",
    value_at_open: "10932.4413",
    return_pct: "9.531773",
    drawdown_pct: "4.924500",
    peak_at: "2025-10-09T11:00",
    trough_at: "2025-10-10T15:00",
    lowest: "9884.8177",
    highest: "11303.3612",
    sharpe: "2.748385",
    sortino: "4.440292",
    sharpe_by_bar: "3.187530",
    sharpe_daily: "3.010617",
    executed: 96,
    notional: "57559.2359",
    turnover: "5.428586",
    realised: "963.3838",
    closing: 41,
    gains: 24,
    holdings: &[],
    held_symbols: 20,
    off_open: 59,
};

const TIMESTAMPS: usize = 168;
const DATES: usize = 28;

#[tokio::test(flavor = "multi_thread")]
async fn recorded_agents_of_the_public_benchmark_have_their_published_figures() {
    let running = application(shared_config("benchmark").await).await;
    let app = &running.app;
    assert_eq!(import(app, &project_file("tests/fixtures/aitrader/merged.jsonl.gz")).await, 17_574);
    for published in [GPT_5, MINIMAX_M2] {
        let repeated = Repeated::run(app, &published).await;
        repeated.has_the_counts(&published);
        repeated.has_the_values(&published);
        repeated.has_the_statistics(&published);
        repeated.has_the_trades(&published);
        let audit = audit_run(&app.log, &app.market, repeated.run_id).await.unwrap();
        assert!(audit.passed, "{audit:?}");
        assert!(audit.checks.iter().all(|check| check.skipped_because.is_none()));
        let known = audit.checks.iter().find(|check| check.name == "imported ledger").unwrap();
        a_fork(app, repeated.model_id).await;
        let known_fills = format!("{} fill_not_bar_open", published.off_open);
        assert!(known.looked_at.contains(&known_fills), "{known:?}");
    }
    running.stop().await.unwrap();
}

/// Another policy trades with the cash and the symbols of an imported model.
async fn a_fork(app: &App, model_id: ModelId) {
    let fork = StartRun {
        interval: Some(Interval::Hour),
        policy: Some(PolicySpec::BuyAndHold(NoParameters {})),
        ..request(model_id, "2025-10-01", "2025-11-07")
    };
    let run_id = run_through(app, fork).await;
    caught_up(app).await;
    let run = runs::find(&app.reads.get().await.unwrap(), run_id).await.unwrap().unwrap();
    assert_eq!((run.snapshot.kind(), run.run.run_number), (RunKind::Simulated, 2));
    assert_eq!((run.snapshot.symbols.len(), run.run.bars_done), (101, 168));
    let counts = run.run.figures.unwrap().counts;
    assert!(counts.buys > 0 && counts.sells == 0);
}

/// A ledger, and all that is shown of the run that repeats it.
struct Repeated {
    file: RecordedLedger,
    run_id: RunId,
    model_id: ModelId,
    findings: Vec<ImportFinding>,
    figures: RunFigures,
    standard: RunPerformance,
    ai_trader: RunPerformance,
    points: Vec<EquityPoint>,
    records: Vec<LedgerRecord>,
    bars: std::sync::Arc<Bars>,
}

impl Repeated {
    async fn run(app: &App, published: &Published) -> Self {
        let name = format!("tests/fixtures/aitrader/{}.position.jsonl.gz", published.agent);
        let source = File::open(project_file(&name)).unwrap();
        let file = RecordedLedger::read(published.agent, source, &ImportOptions::default()).unwrap();
        let wanted = || ImportLedger { ledger: &file, agent: published.agent.to_owned(), model: None };
        let metadata = || Metadata::new(Principal::local_owner(), None);
        let imported = import_ledger(app, wanted(), metadata()).await.unwrap();
        assert!(!imported.before);
        let run_id = imported.run_id;
        drive(app, run_id).await;
        caught_up(app).await;
        // The same file again changes nothing.
        let head = app.log.head().await.unwrap();
        let again = import_ledger(app, wanted(), metadata()).await.unwrap();
        assert_eq!((again.run_id, again.before, app.log.head().await.unwrap()), (run_id, true, head));

        let client = app.reads.get().await.unwrap();
        let run = runs::find(&client, run_id).await.unwrap().unwrap();
        assert_eq!(run.run.status, RunStatus::Completed);
        assert_eq!(run.snapshot.kind(), RunKind::Imported);
        let lines = compare_with_file(&client, run_id, &file).await.unwrap();
        assert_eq!(lines, Ok(published.records as u64));
        let findings = run.snapshot.policy.imported().unwrap().findings.clone();
        let bars = app.market.bars_of(&run.snapshot).await.unwrap();
        let closes = |symbol: &Symbol, at: Timestamp| {
            bars.columns()[bars.column_of(symbol)?].close_at(bars.starts().binary_search(&at).ok()?)
        };
        let by = |convention| PerformanceQuery {
            convention,
            closes: Some(&closes),
            ..PerformanceQuery::default()
        };
        let standard = performance(&client, &run, &by(ConventionName::Standard)).await.unwrap();
        let ai_trader = performance(&client, &run, &by(ConventionName::AiTrader)).await.unwrap();
        let mut series = EquitySeries::of(&client, run_id);
        let mut points = Vec::new();
        loop {
            let chunk = series.next_chunk().await.unwrap();
            if chunk.is_empty() {
                break;
            }
            points.extend(chunk);
        }
        let records = ledger::records(&client, run_id, None, 1_000).await.unwrap().items;
        let figures = run.run.figures.unwrap();
        Self {
            file,
            run_id,
            model_id: imported.model_id,
            findings,
            figures,
            standard,
            ai_trader,
            points,
            records,
            bars,
        }
    }

    fn has_the_counts(&self, published: &Published) {
        let lines = |is: fn(&RecordedAction) -> bool| {
            self.file.records.iter().filter(|record| is(&record.action)).count()
        };
        // The line that opens the account is a record without an action.
        assert_eq!(self.file.records.len() + 1, published.records);
        assert_eq!(lines(|action| matches!(action, RecordedAction::Buy { .. })), published.buys);
        assert_eq!(lines(|action| matches!(action, RecordedAction::Sell { .. })), published.sells);
        assert_eq!(lines(|action| matches!(action, RecordedAction::NoTrade)), published.no_trades);
        let unfilled = self.file.records.iter().filter(|record| {
            record.fill_price.is_none() && !matches!(record.action, RecordedAction::NoTrade)
        });
        assert_eq!(unfilled.map(|record| record.line).collect::<Vec<_>>(), published.amount_zero);

        let lines_of = |rule: ImportRule| -> Vec<u64> {
            self.findings.iter().filter(|it| it.rule == rule).map(|it| it.line).collect()
        };
        assert_eq!(lines_of(ImportRule::ZeroAmount), published.amount_zero);
        assert_eq!(lines_of(ImportRule::FillNotBarOpen).len(), published.off_open);
        let unknown = lines_of(ImportRule::UnknownKey).len();
        assert_eq!(self.findings.len(), published.amount_zero.len() + published.off_open + unknown);

        // A buy of nothing is a line that executes nothing.
        let counts = self.figures.counts;
        let zero = published.amount_zero.len();
        assert_eq!(counts.buys, (published.buys - zero) as u64);
        assert_eq!(counts.sells, published.sells as u64);
        assert_eq!(counts.refusals, 0);
        assert_eq!((self.records.len(), self.figures.records), (published.records, published.records as u64));
        let with = |action| self.records.iter().filter(|record| record.action == action).count();
        assert_eq!(
            (with(Action::Opened), with(Action::Buy), with(Action::Sell), with(Action::NoTrade)),
            (1, published.buys, published.sells, published.no_trades)
        );
        assert_eq!(counts.holds, (published.no_trades + zero) as u64);
        assert_eq!(self.figures.adjustments, Cash::ZERO);

        assert_eq!(self.points.len(), TIMESTAMPS);
        assert_eq!(self.points[0].bar_start_at, new_york("2025-10-01T10:00"));
        assert_eq!(self.points[TIMESTAMPS - 1].bar_start_at, new_york("2025-11-07T15:00"));
    }

    fn has_the_values(&self, published: &Published) {
        let last = self.records.last().unwrap();
        assert_eq!(printed(self.figures.cash), published.final_cash);
        assert_eq!(printed(self.figures.value), published.value_at_close);
        let index = self.bars.starts().binary_search(&new_york("2025-11-07T15:00")).unwrap();
        assert_eq!(printed(self.value(last, |column| column.open_at(index))), published.value_at_open);
        assert_eq!(printed(self.value(last, |column| column.close_at(index))), published.value_at_close);
        assert_eq!(percent(self.figures.total_return.to_f64()), published.return_pct);
        assert_eq!(percent(self.standard.equity.cumulative_return.unwrap()), published.return_pct);

        assert_eq!(percent(self.figures.max_drawdown.unwrap().rate().to_f64()), published.drawdown_pct);
        assert_eq!(percent(self.standard.equity.max_drawdown.unwrap()), published.drawdown_pct);
        let fall = self.standard.drawdown.unwrap();
        assert_eq!(fall.peak_at, Some(new_york(published.peak_at)));
        assert_eq!(fall.trough_at, Some(new_york(published.trough_at)));
        let values = || self.points.iter().map(|point| point.value);
        assert_eq!(printed(values().min().unwrap()), published.lowest);
        assert_eq!(printed(values().max().unwrap()), published.highest);

        let held: Vec<(String, String)> = last
            .positions
            .iter()
            .map(|(symbol, quantity)| (symbol.to_string(), quantity.to_string()))
            .collect();
        assert_eq!(held.len(), published.held_symbols);
        let recorded = &self.file.records.last().unwrap().after;
        assert_eq!(last.positions.as_ref(), &recorded.positions);
        if !published.holdings.is_empty() {
            let named = published.holdings.iter().map(|&(symbol, held)| (symbol.into(), held.into()));
            assert_eq!(held, named.collect::<Vec<(String, String)>>());
        }
        // Bar by bar the run holds what the file says, to less than a cent for six decimals of implied prices.
        let by_bar: BTreeMap<Timestamp, _> =
            self.file.records.iter().map(|record| (record.stamp.bar_start, record.after.cash)).collect();
        for point in &self.points[1..] {
            let recorded = by_bar[&point.bar_start_at];
            assert_eq!(printed(point.cash), printed(recorded), "{}", point.bar_start_at);
        }
    }

    fn has_the_statistics(&self, published: &Published) {
        let convention = Convention::ai_trader();
        let opening = (self.file.opened.bar_start, self.file.opening.cash, &self.file.opening.positions);
        let later = self
            .file
            .records
            .iter()
            .map(|record| (record.stamp.bar_start, record.after.cash, &record.after.positions));
        let lines = std::iter::once(opening)
            .chain(later)
            .map(|(at, cash, positions)| (at, self.marked(at, cash, positions)));
        let by_line = report(convention, lines);
        assert_eq!(digits(by_line.sharpe.unwrap()), published.sharpe);
        assert_eq!(digits(by_line.sortino.unwrap()), published.sortino);

        let by_record = &self.ai_trader.equity;
        assert_eq!((by_record.points, by_line.points), (published.records as u64, published.records as u64));
        assert_eq!(digits(by_record.sharpe.unwrap()), published.sharpe);
        assert_eq!(digits(by_record.sortino.unwrap()), published.sortino);

        let points = || self.points.iter().map(|point| (point.bar_start_at, point.value));
        assert_eq!(digits(report(convention, points()).sharpe.unwrap()), published.sharpe_by_bar);
        let mut days: BTreeMap<i64, (Timestamp, Cash)> = BTreeMap::new();
        days.extend(points().map(|(at, value)| (day_of(at), (at, value))));
        assert_eq!(days.len(), DATES);
        let daily = report(Convention::standard(252.0), days.into_values());
        assert_eq!(digits(daily.sharpe.unwrap()), published.sharpe_daily);
    }

    fn has_the_trades(&self, published: &Published) {
        let trades = &self.standard.trades;
        assert_eq!(trades.trades, published.executed);
        assert_eq!(printed(self.figures.traded), published.notional);
        assert_eq!(format!("{:.4}", trades.traded_notional.unwrap()), published.notional);
        assert_eq!(digits(trades.turnover.unwrap()), published.turnover);
        assert_eq!(printed(self.figures.realised_pnl), published.realised);
        assert_eq!(format!("{:.4}", trades.realised.unwrap()), published.realised);
        assert_eq!((trades.closing_trades, trades.winning_trades), (published.closing, published.gains));
        let profit = self.figures.value - self.figures.initial_cash;
        assert_eq!(self.figures.realised_pnl + self.figures.open_pnl, profit, "exactly, not to the cent");
    }

    /// Cash and shares of a record, at a price of each symbol.
    fn value(
        &self,
        record: &LedgerRecord,
        price: impl Fn(&events::market::Columns) -> Option<Price>,
    ) -> Cash {
        let held = record.positions.iter().map(|(symbol, quantity)| {
            let column = &self.bars.columns()[self.bars.column_of(symbol).unwrap()];
            Cash::of(*quantity, price(column).unwrap())
        });
        held.fold(record.cash, |sum, value| sum + value)
    }

    /// An account at the closes of the bar that starts at `at`.
    fn marked(&self, at: Timestamp, cash: Cash, positions: &BTreeMap<Symbol, Quantity>) -> Cash {
        let index = self.bars.starts().binary_search(&at).unwrap();
        let held = positions.iter().map(|(symbol, quantity)| {
            let column = &self.bars.columns()[self.bars.column_of(symbol).unwrap()];
            Cash::of(*quantity, column.close_at(index).unwrap())
        });
        held.fold(cash, |sum, value| sum + value)
    }
}

fn report(convention: Convention, points: impl Iterator<Item = (Timestamp, Cash)>) -> quant::Performance {
    let mut accumulator = PerformanceAccumulator::new(convention);
    points.for_each(|(at, value)| {
        accumulator.push(quant::EquityPoint::new(day_of(at), value.to_f64()));
    });
    accumulator.report()
}

fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

fn new_york(wall_clock: &str) -> Timestamp {
    let zone = TimeZone::get("America/New_York").unwrap();
    wall_clock.parse::<DateTime>().unwrap().to_zoned(zone).unwrap().timestamp()
}

/// With the four decimals of the table.
fn printed(amount: Cash) -> String {
    let mut rounded = amount.to_decimal().round_dp(4);
    rounded.rescale(4);
    rounded.to_string()
}

fn digits(figure: f64) -> String {
    format!("{figure:.6}")
}

fn percent(fraction: f64) -> String {
    digits(fraction * 100.0)
}
