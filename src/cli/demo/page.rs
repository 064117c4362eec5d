//! The result of the race: a table for the terminal, a page to keep.

use std::path::Path;
use std::time::Duration;

use ::events::{Interval, RunId, Symbol};
use anyhow::Context;
use projections::bars::BarsQuery;
use projections::equity::{EquitySeries, sampled};
use projections::performance::{PerformanceQuery, performance};
use quant::{Convention, EquityPoint, Figure, PerformanceAccumulator};

use super::Contestant;
use crate::app::App;
use crate::cli::output::table;
use crate::report::{Line, Page};

const HEADER: [&str; 9] =
    ["#", "strategy", "return", "CAGR", "volatility", "Sharpe", "Sortino", "max drawdown", "trades"];
/// Points of a line on the page.
const POINTS: usize = 700;

/// The ranked strategies and the benchmark.
pub struct Board {
    places: Vec<Place>,
    benchmark: Vec<String>,
    benchmark_line: Line,
}

struct Place {
    name: String,
    run_id: RunId,
    cumulative: f64,
    cells: Vec<String>,
    equity: Line,
    drawdown: Line,
}

impl Board {
    /// Reads figures and curves of the runs, best return first.
    pub async fn read(app: &App, contestants: &[Contestant], benchmark: &str) -> anyhow::Result<Self> {
        let mut places = Vec::new();
        for contestant in contestants {
            places.push(place(app, contestant).await?);
        }
        places.sort_by(|left, right| right.cumulative.total_cmp(&left.cumulative));
        let (benchmark, benchmark_line) = benchmark_of(app, benchmark).await?;
        Ok(Self { places, benchmark, benchmark_line })
    }

    /// The run with the highest return.
    pub fn winner(&self) -> Option<RunId> {
        self.places.first().map(|place| place.run_id)
    }

    /// The table for the terminal.
    pub fn text(&self) -> String {
        table(&HEADER, 2, self.rows())
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let ranked = self.places.iter().enumerate().map(|(index, place)| {
            let mut row = vec![(index + 1).to_string(), place.name.clone()];
            row.extend(place.cells.iter().cloned());
            row
        });
        ranked.chain([self.benchmark.clone()]).collect()
    }

    /// The page to keep.
    pub fn report(&self, audit: String) -> String {
        let mut equity: Vec<Line> = self.places.iter().map(|place| place.equity.clone()).collect();
        equity.push(self.benchmark_line.clone());
        Page {
            title: "tapedeck demo: five strategies over 33 years".to_owned(),
            summary: vec![
                "Daily closes of twenty S&P 500 stocks, 1990 to 2022, adjusted for splits and dividends; each strategy \
                 starts with 100,000. The twenty were picked because they still existed in 2022, so the figures say \
                 nothing about what an investor of 1990 could have earned."
                    .to_owned(),
                "Every number here follows from events in the log; the audit below decided every order again."
                    .to_owned(),
            ],
            header: HEADER.map(str::to_owned).to_vec(),
            rows: self.rows(),
            equity,
            drawdowns: self.places.iter().map(|place| place.drawdown.clone()).collect(),
            audit,
            reproduce: vec!["make demo".to_owned()],
        }
        .render()
    }

    /// The result for programs.
    pub fn json(&self, winner: RunId, report: &Path, took: Duration) -> serde_json::Value {
        let runs: Vec<_> = self
            .places
            .iter()
            .map(|place| {
                serde_json::json!({
                    "name": place.name, "run_id": place.run_id, "cumulative_return": place.cumulative,
                })
            })
            .collect();
        serde_json::json!({
            "runs": runs, "winner": winner, "audit_passed": true, "report": report, "seconds": took.as_secs_f64(),
        })
    }
}

async fn place(app: &App, contestant: &Contestant) -> anyhow::Result<Place> {
    let client = app.reads.get().await?;
    let run = projections::runs::find(&client, contestant.run_id)
        .await?
        .with_context(|| format!("the run of {} is not in the read models", contestant.name))?;
    let measured = performance(&client, &run, &PerformanceQuery::default()).await?;
    let figures = &measured.equity;
    let trades = measured.trades.trades.to_string();
    let cells = cells_of(
        [
            figures.cumulative_return,
            figures.annualised_return,
            figures.volatility,
            figures.sharpe,
            figures.sortino,
            figures.max_drawdown,
        ],
        trades,
    );
    let points = sampled(&client, contestant.run_id, POINTS).await?.points;
    let equity = Line {
        name: contestant.name.clone(),
        points: points.iter().map(|point| (point.bar_start_at, point.value.to_f64())).collect(),
    };
    let cumulative = figures.cumulative_return.unwrap_or(f64::NEG_INFINITY);
    let drawdown = drawdown_line(app, contestant).await?;
    Ok(Place {
        name: contestant.name.clone(),
        run_id: contestant.run_id,
        cumulative,
        cells,
        equity,
        drawdown,
    })
}

fn cells_of(figures: [Figure; 6], trades: String) -> Vec<String> {
    let [cumulative, annual, volatility, sharpe, sortino, drawdown] = figures;
    let percent =
        |figure: Figure| figure.map_or_else(|_| "–".to_owned(), |value| format!("{:.1} %", value * 100.0));
    let ratio = |figure: Figure| figure.map_or_else(|_| "–".to_owned(), |value| format!("{value:.2}"));
    vec![
        percent(cumulative),
        percent(annual),
        percent(volatility),
        ratio(sharpe),
        ratio(sortino),
        percent(drawdown),
        trades,
    ]
}

/// The fall from the highest value so far at every bar, thinned to its deepest point of each stretch.
async fn drawdown_line(app: &App, contestant: &Contestant) -> anyhow::Result<Line> {
    let client = app.reads.get().await?;
    let mut series = EquitySeries::of(&client, contestant.run_id);
    let mut drawdown = quant::DrawdownAccumulator::default();
    let mut falls = Vec::new();
    loop {
        let chunk = series.next_chunk().await?;
        if chunk.is_empty() {
            break;
        }
        for point in chunk {
            let fall = drawdown.push(point.value.to_f64()).unwrap_or(0.0);
            falls.push((point.bar_start_at, -fall));
        }
    }
    let stretch = falls.len().div_ceil(POINTS).max(1);
    let deepest =
        falls.chunks(stretch).filter_map(|part| part.iter().min_by(|left, right| left.1.total_cmp(&right.1)));
    Ok(Line { name: contestant.name.clone(), points: deepest.copied().collect() })
}

/// The benchmark's own figures, and its curve as what the initial cash would have become.
async fn benchmark_of(app: &App, symbol: &str) -> anyhow::Result<(Vec<String>, Line)> {
    const INITIAL: f64 = 100_000.0;
    const SECONDS_PER_DAY: i64 = 86_400;
    let symbols: [Symbol; 1] = [symbol.parse()?];
    let client = app.reads.get().await?;
    let query = BarsQuery { symbols: Some(&symbols), ..BarsQuery::all(Interval::Day) };
    let bars = projections::bars::read(&client, &query).await?;
    let closes = bars.columns().first().context("the benchmark has no bars")?;
    let mut measured = PerformanceAccumulator::new(Convention::standard(252.0));
    let mut points = Vec::new();
    let first = closes.close.first().map_or(1.0, |price| price.to_f64());
    let stretch = bars.len().div_ceil(POINTS).max(1);
    for (index, (start, close)) in bars.starts().iter().zip(closes.close.iter()).enumerate() {
        measured.push(EquityPoint::new(start.as_second().div_euclid(SECONDS_PER_DAY), close.to_f64()));
        if index % stretch == 0 || index + 1 == bars.len() {
            points.push((*start, INITIAL * close.to_f64() / first));
        }
    }
    let report = measured.report();
    let figures = [
        report.cumulative_return,
        report.annualised_return,
        report.volatility,
        report.sharpe,
        report.sortino,
        report.max_drawdown,
    ];
    let mut row = vec![String::new(), "S&P 500 index (prices only)".to_owned()];
    row.extend(cells_of(figures, "–".to_owned()));
    Ok((row, Line { name: "S&P 500 index".to_owned(), points }))
}
