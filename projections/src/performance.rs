//! How a run performed: every figure of its equity series and of its trades, computed when asked for by reading both
//! once, a chunk at a time.

use std::collections::BTreeMap;
use std::fmt;

use events::money::value_units;
use events::policy::Side;
use events::run::RunSnapshot;
use events::{Cash, Price, RunId, Symbol};
use jiff::Timestamp;
use quant::{
    Convention, EquityPoint as Point, Figure, Performance, PerformanceAccumulator, TradeAccumulator,
    TradeStatistics, Unavailable,
};
use serde::Serialize;

mod convention;

pub(crate) use convention::standard;
pub use convention::{ConventionName, UnknownConvention};

use crate::database::QueryError;
use crate::equity::{self, BarCursor, EquitySeries};
use crate::ledger::{self, RecordCursor};
use crate::reader::Reader;
use crate::runs::RunDetail;

/// The close of a symbol's bar that starts at an instant, where the market store has one.
pub type Closes<'a> = &'a (dyn Fn(&Symbol, Timestamp) -> Option<Price> + Sync);

/// The value of a benchmark at the close of the bar that starts at an instant; the last one counts where there is none.
pub type Benchmark<'a> = &'a (dyn Fn(Timestamp) -> Option<f64> + Sync);

/// What to compute.
#[derive(Clone, Copy, Default)]
pub struct PerformanceQuery<'a> {
    /// How to count.
    pub convention: ConventionName,
    /// Risk-free rate per year, as a fraction.
    pub risk_free_annual: f64,
    /// Only bars that start here or later; the first of them is what later ones are compared with.
    pub from: Option<Timestamp>,
    /// Only bars that start here or before.
    pub to: Option<Timestamp>,
    /// What the run is compared with.
    pub benchmark: Option<Benchmark<'a>>,
    /// Prices for marking single records; needed by [`ConventionName::AiTrader`] only.
    pub closes: Option<Closes<'a>>,
}

impl fmt::Debug for PerformanceQuery<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PerformanceQuery")
            .field("convention", &self.convention)
            .finish_non_exhaustive()
    }
}

/// A figure for people: a number, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShownFigure {
    /// Whether there is a number.
    pub available: bool,
    /// The number; null when there is none.
    pub value: Option<f64>,
    /// Why there is none.
    pub because: Option<quant::Because>,
}

impl From<Figure> for ShownFigure {
    fn from(figure: Figure) -> Self {
        let because = figure.err().map(|Unavailable { because }| because);
        Self { available: figure.is_ok(), value: figure.ok(), because }
    }
}

/// How a run performed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunPerformance {
    /// Which run.
    pub run_id: RunId,
    /// How its figures are counted.
    pub convention_name: ConventionName,
    /// The first bar that counts.
    pub first_bar_at: Option<Timestamp>,
    /// The last bar that counts.
    pub last_bar_at: Option<Timestamp>,
    /// The last bar is not complete: it is marked at its open.
    pub provisional: bool,
    /// The figures of the equity series.
    pub equity: Performance,
    /// When the deepest fall happened.
    pub drawdown: Option<DrawdownStamps>,
    /// The figures of the trades.
    pub trades: TradeStatistics,
    /// Historical value at risk, 95 %: the 5th percentile of the returns.
    pub var_95: ShownFigure,
    /// Historical value at risk, 99 %: the 1st percentile of the returns.
    pub var_99: ShownFigure,
}

/// When the deepest fall of a series happened: starts of bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DrawdownStamps {
    /// The last bar at its peak.
    pub peak_at: Option<Timestamp>,
    /// Its lowest bar.
    pub trough_at: Option<Timestamp>,
    /// The first bar at the height of the peak again.
    pub recovery_at: Option<Timestamp>,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum PerformanceError {
    /// The read models could not be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The convention marks every record, and there is nothing to mark it with.
    #[error("convention ai_trader needs the closes of the run's bars")]
    ClosesNeeded,
    /// A holding was never priced up to a record.
    #[error("{symbol} has no close at or before {at}")]
    CloseMissing {
        /// What is held.
        symbol: Symbol,
        /// Start of the bar of the record.
        at: Timestamp,
    },
}

/// Computes every figure of a run. Memory: one chunk of bars, and eight bytes a bar for the values at risk.
pub async fn performance(
    client: &impl Reader,
    run: &RunDetail,
    query: &PerformanceQuery<'_>,
) -> Result<RunPerformance, PerformanceError> {
    let mut pass = Pass::new(convention_of(run, query), run, query);
    match query.convention {
        ConventionName::Standard => by_bar(client, run, &mut pass).await?,
        ConventionName::AiTrader => by_record(client, run.run.run_id, &mut pass).await?,
    }
    let trades = trades(client, run.run.run_id, query).await?.report(&pass.accumulator);
    let equity = pass.accumulator.report();
    let drawdown = match &equity.drawdown {
        Some(episode) => {
            let stamp = |index| stamp_at(client, run, query.convention, &pass, index);
            Some(DrawdownStamps {
                peak_at: stamp(Some(episode.peak_index)).await?,
                trough_at: stamp(Some(episode.trough_index)).await?,
                recovery_at: stamp(episode.recovery_index).await?,
            })
        }
        None => None,
    };
    Ok(RunPerformance {
        run_id: run.run.run_id,
        convention_name: query.convention,
        first_bar_at: pass.first_at,
        last_bar_at: pass.last_at,
        provisional: pass.provisional,
        equity,
        drawdown,
        trades,
        var_95: quant::var::historical_var_95(&pass.returns).into(),
        var_99: quant::var::historical_var_99(&pass.returns).into(),
    })
}

/// The account before the first bar of a run that trades in it: an imported ledger that was opened before. The first bar
/// of every other run opens the account and is its first point.
pub(crate) fn opening_of(snapshot: &RunSnapshot) -> Option<(Timestamp, Cash)> {
    let opened_at = snapshot.policy.imported()?.opened.at;
    (opened_at < snapshot.first_bar_at).then_some((opened_at, snapshot.initial_cash))
}

/// The convention by which a run's figures are counted.
fn convention_of(run: &RunDetail, query: &PerformanceQuery<'_>) -> Convention {
    let convention = match query.convention {
        ConventionName::Standard => standard(run.snapshot.interval, run.snapshot.periods_per_year),
        ConventionName::AiTrader => Convention::ai_trader(),
    };
    convention.with_risk_free(query.risk_free_annual)
}

/// The day of an instant in UTC, counted from 1970: markets do not trade across midnight UTC, except those that never
/// close.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

/// One reading of a series.
struct Pass<'q> {
    query: &'q PerformanceQuery<'q>,
    /// Nothing may be short.
    only_long: bool,
    accumulator: PerformanceAccumulator,
    returns: Vec<f64>,
    previous: Option<f64>,
    benchmark: Option<f64>,
    /// Bar or record of the first point.
    first: u64,
    /// The first point is the account before the first bar.
    opened_before: bool,
    first_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
    provisional: bool,
}

impl<'q> Pass<'q> {
    fn new(convention: Convention, run: &RunDetail, query: &'q PerformanceQuery<'q>) -> Self {
        Self {
            query,
            only_long: !run.snapshot.risk.allow_shorting,
            accumulator: PerformanceAccumulator::new(convention),
            returns: Vec::new(),
            previous: None,
            benchmark: None,
            first: 0,
            opened_before: false,
            first_at: None,
            last_at: None,
            provisional: false,
        }
    }

    /// Takes the account after a bar or record, if it is in range.
    fn push(&mut self, index: u64, at: Timestamp, cash: Cash, value: Cash) {
        if !in_range(self.query, at) {
            return;
        }
        if self.first_at.is_none() {
            (self.first, self.first_at) = (index, Some(at));
        }
        self.last_at = Some(at);
        let equity = value.to_f64();
        if let Some(previous) = self.previous.replace(equity)
            && let Ok(step) = quant::returns::simple_return(previous, equity)
        {
            self.returns.push(step);
        }
        let held = (value - cash).to_f64();
        let point = Point::new(day_of(at), equity);
        // The equity series has no positions: where some may be short, nobody knows what they come to without signs.
        let point = match self.only_long {
            true => point.with_positions(held, held),
            false => Point { net: Some(held), ..point },
        };
        if let Some(benchmark) = self.query.benchmark {
            self.benchmark = benchmark(at).or(self.benchmark);
        }
        self.accumulator.push(match self.benchmark {
            Some(benchmark) => point.with_benchmark(benchmark),
            None => point,
        });
    }
}

fn in_range(query: &PerformanceQuery<'_>, at: Timestamp) -> bool {
    query.from.is_none_or(|from| at >= from) && query.to.is_none_or(|to| at <= to)
}

async fn by_bar(client: &impl Reader, run: &RunDetail, pass: &mut Pass<'_>) -> Result<(), PerformanceError> {
    if let Some((at, cash)) = opening_of(&run.snapshot).filter(|(at, _)| in_range(pass.query, *at)) {
        pass.opened_before = true;
        pass.push(0, at, cash, cash);
    }
    let mut series = EquitySeries::of(client, run.run.run_id);
    loop {
        let chunk = series.next_chunk().await?;
        if chunk.is_empty() {
            return Ok(());
        }
        for point in chunk {
            pass.push(u64::from(point.bar), point.bar_start_at, point.cash, point.value);
            pass.provisional = point.provisional && pass.last_at == Some(point.bar_start_at);
        }
    }
}

async fn by_record(client: &impl Reader, run: RunId, pass: &mut Pass<'_>) -> Result<(), PerformanceError> {
    let closes = pass.query.closes.ok_or(PerformanceError::ClosesNeeded)?;
    let mut known: BTreeMap<Symbol, Price> = BTreeMap::new();
    let mut next = 0;
    loop {
        let chunk = ledger::chunk_from(client, run, next).await?;
        let Some(last) = chunk.last() else { return Ok(()) };
        next = last.id.saturating_add(1);
        for record in &chunk {
            let at = equity::instant(record.bar_start_s, "reading the ledger of a run")?;
            let mut units = 0_i128;
            for (symbol, shares) in record.positions.iter() {
                let close = closes(symbol, at).or_else(|| known.get(symbol).copied());
                let close =
                    close.ok_or_else(|| PerformanceError::CloseMissing { symbol: symbol.clone(), at })?;
                known.insert(symbol.clone(), close);
                units = units.saturating_add(value_units(*shares, close));
            }
            pass.push(record.id, at, record.cash, record.cash + Cash::from_value_units(units));
        }
    }
}

async fn trades(
    client: &impl Reader,
    run: RunId,
    query: &PerformanceQuery<'_>,
) -> Result<TradeAccumulator, QueryError> {
    const PAGE: u16 = 1_000;
    let mut trades = TradeAccumulator::default();
    let mut after: Option<RecordCursor> = None;
    loop {
        let page = ledger::executions(client, run, after, PAGE).await?;
        for execution in page.items.iter().filter(|execution| in_range(query, execution.bar_start_at)) {
            let notional = Cash::of(execution.quantity, execution.price).to_f64();
            let side = match execution.side {
                Side::Buy => quant::Side::Buy,
                Side::Sell => quant::Side::Sell,
            };
            trades.executed(side, notional);
            if !execution.order_side().opens() {
                trades.closed(execution.realised_pnl.to_f64());
            }
        }
        if page.next_cursor.is_none() {
            return Ok(trades);
        }
        after = page.next_cursor;
    }
}

/// The start of the bar of a point, counted from the first that was pushed.
async fn stamp_at(
    client: &impl Reader,
    run: &RunDetail,
    convention: ConventionName,
    pass: &Pass<'_>,
    index: Option<u64>,
) -> Result<Option<Timestamp>, QueryError> {
    let Some(place) = index.map(|index| pass.first.saturating_add(index)) else { return Ok(None) };
    let run_id = run.run.run_id;
    match convention {
        ConventionName::Standard => {
            let Some(place) = place.checked_sub(u64::from(pass.opened_before)) else {
                return Ok(opening_of(&run.snapshot).map(|(at, _)| at));
            };
            let before = u32::try_from(place).ok().and_then(|bar| bar.checked_sub(1)).map(BarCursor);
            let page = equity::points(client, run_id, before, 1).await?;
            Ok(page.items.first().map(|point| point.bar_start_at))
        }
        ConventionName::AiTrader => {
            let before = place.checked_sub(1).map(RecordCursor);
            let page = ledger::records(client, run_id, before, 1).await?;
            let start = page.items.first().map(|record| record.bar_start_s);
            start.map(|start| equity::instant(start, "reading the ledger of a run")).transpose()
        }
    }
}
