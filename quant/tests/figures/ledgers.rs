//! Two real ledgers of the AI-Trader benchmark, in its convention and in ours.

use quant::convention::{PERIODS_AI_TRADER, PERIODS_DAILY};
use quant::{Annualisation, Convention, Performance, Side, TradeAccumulator};
use serde::Deserialize;

use crate::support::{fixture, on_days, printed};

#[derive(Deserialize)]
struct Ledger {
    records: Series,
    bars: Series,
    daily: Series,
    trades: Vec<Trade>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Series {
    days: Vec<i64>,
    equity: Vec<f64>,
}

#[derive(Deserialize)]
struct Trade {
    side: Side,
    notional: f64,
    realised: Option<f64>,
}

#[derive(Deserialize)]
struct Expected {
    cumulative_return: f64,
    max_drawdown: f64,
    peak_index: u64,
    trough_index: u64,
    sharpe_records: f64,
    sortino_records: f64,
    sharpe_bars: f64,
    sharpe_daily: f64,
    trades: u64,
    closing_trades: u64,
    winning_trades: u64,
    traded_notional: f64,
    turnover: f64,
    realised: f64,
}

impl Series {
    fn report(&self, convention: Convention) -> Performance {
        on_days(convention, &self.days, &self.equity).report()
    }
}

fn ledgers() -> Vec<Ledger> {
    fixture("ledgers.json")
}

#[test]
fn the_benchmarks_own_ratios_with_a_point_per_record() {
    for Ledger { records, expected, .. } in ledgers() {
        let report = records.report(Convention::ai_trader());
        printed(report.sharpe, expected.sharpe_records, 6);
        printed(report.sortino, expected.sortino_records, 6);
    }
}

#[test]
fn a_point_per_bar() {
    for Ledger { bars, expected, .. } in ledgers() {
        let report = bars.report(Convention::ai_trader());
        printed(report.sharpe, expected.sharpe_bars, 6);
        printed(report.cumulative_return, expected.cumulative_return, 8);
        printed(report.max_drawdown, expected.max_drawdown, 8);
        let deepest = report.drawdown.unwrap();
        assert_eq!((deepest.peak_index, deepest.trough_index), (expected.peak_index, expected.trough_index));
    }
}

#[test]
fn a_point_per_day() {
    for Ledger { daily, expected, .. } in ledgers() {
        printed(daily.report(Convention::standard(PERIODS_DAILY)).sharpe, expected.sharpe_daily, 6);
    }
}

#[test]
fn a_point_per_record_invents_returns_and_drawdowns() {
    let ledger = &ledgers()[0];
    let convention =
        Convention { annualisation: Annualisation::Periods, ..Convention::standard(PERIODS_AI_TRADER) };
    let (records, bars) = (ledger.records.report(convention), ledger.bars.report(convention));
    assert_eq!((records.returns, bars.returns), (191, 167));
    printed(records.max_drawdown, 0.1055, 4);
    printed(bars.max_drawdown, 0.1050, 4);
}

#[test]
fn trades() {
    for Ledger { bars, trades, expected, .. } in ledgers() {
        let mut accumulator = TradeAccumulator::default();
        for trade in trades {
            accumulator.executed(trade.side, trade.notional);
            if let Some(realised) = trade.realised {
                accumulator.closed(realised);
            }
        }
        let series = on_days(Convention::ai_trader(), &bars.days, &bars.equity);
        let report = accumulator.report(&series);
        assert_eq!((report.trades, report.closing_trades), (expected.trades, expected.closing_trades));
        assert_eq!(report.winning_trades, expected.winning_trades);
        printed(report.traded_notional, expected.traded_notional, 4);
        printed(report.realised, expected.realised, 4);
        printed(report.turnover, expected.turnover, 6);
    }
}
