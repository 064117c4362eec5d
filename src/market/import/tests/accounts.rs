//! Recorded accounts of every market, repeated as runs. Ledgers and prices here are made for the test, in the layouts
//! of the public benchmark.

use std::sync::Arc;

use events::market::Bars;
use events::model::{ModelDraft, ModelSettings};
use events::policy::{ImportRule, PolicySpec, SharedIndicators};
use events::run::{Advance, Freeze, LedgerRecord, Run, RunCommand, RunEvent, RunSnapshot, ledger, recheck};
use events::{Decider, ModelId};

use super::files::assemble;
use super::read as read_bars;
use crate::market::import::ImportOptions;
use crate::market::import::positions::{RecordedLedger, RecordedState};

/// A price file of one symbol: stamps with open and close.
fn prices(symbol: &str, series: &str, zone: &str, bars: &[(&str, &str, &str)]) -> String {
    let bar = |(stamp, open, close): &(&str, &str, &str)| {
        if close.is_empty() {
            return format!(r#""{stamp}": {{"1. buy price": "{open}"}}"#);
        }
        let number = |price: &str| price.parse::<f64>().unwrap();
        let (low, high) = if number(open) < number(close) { (open, close) } else { (close, open) };
        format!(
            r#""{stamp}": {{"1. buy price": "{open}", "2. high": "{high}", "3. low": "{low}", "4. sell price": "{close}", "5. volume": "1"}}"#
        )
    };
    let bars = bars.iter().map(bar).collect::<Vec<_>>().join(", ");
    format!(
        r#"{{"Meta Data": {{"2. Symbol": "{symbol}", "5. Time Zone": "{zone}"}}, "Time Series ({series})": {{{bars}}}}}"#
    )
}

fn bars_of(lines: &[String]) -> Arc<Bars> {
    Arc::new(assemble(&read_bars("merged.jsonl", lines.join("\n").as_bytes()).0))
}

fn record(date: &str, id: u64, action: Option<(&str, &str, &str)>, positions: &str) -> String {
    let action = action.map(|(action, symbol, amount)| {
        format!(r#""this_action": {{"action": "{action}", "symbol": "{symbol}", "amount": {amount}}}, "#)
    });
    format!(r#"{{"date": "{date}", "id": {id}, {}"positions": {{{positions}}}}}"#, action.unwrap_or_default())
}

fn read(lines: &[String]) -> RecordedLedger {
    RecordedLedger::read("position.jsonl", lines.join("\n").as_bytes(), &ImportOptions::default()).unwrap()
}

/// The records of the run that repeats a ledger, after it was rechecked.
fn repeated(ledger: &RecordedLedger, bars: &Arc<Bars>) -> Vec<LedgerRecord> {
    let policy = PolicySpec::Imported(Box::new(ledger.account("agent", ledger.findings(bars))));
    let draft = ModelDraft {
        name: "agent".to_owned(),
        policy: Some(policy.clone()),
        initial_cash: Some(ledger.opening.cash),
        ..ModelDraft::default()
    };
    let settings = ModelSettings::of(draft).unwrap();
    let warmup = 0;
    let freeze = Freeze {
        settings: &settings,
        bars,
        warmup,
        vintage: 1,
        symbols: None,
        initial_cash: None,
        chunk_bars: None,
        code_version: "test",
    };
    let snapshot = Box::new(RunSnapshot::freeze(freeze).unwrap());
    let mut run = Run::default();
    let mut events: Vec<RunEvent> = Vec::new();
    let mut command =
        Some(RunCommand::Request { model_id: ModelId::derived(&[b"model"]), run_number: 1, snapshot });
    while let Some(next) = command.take() {
        let decided = run.decide(next).unwrap();
        decided.iter().for_each(|event| run.evolve(event));
        events.extend(decided);
        command = run.next_bar().map(|from_bar| {
            let policy = policy.build(bars, &SharedIndicators::default());
            RunCommand::Advance(Advance { from_bar, bars: Arc::clone(bars), policy })
        });
    }
    recheck::recheck(bars, &events).unwrap();
    ledger::records(&events).collect()
}

/// After every line the run holds what the file says.
fn agrees_with_its_file(ledger: &RecordedLedger, bars: &Arc<Bars>) {
    let held = repeated(ledger, bars)
        .into_iter()
        .map(|record| RecordedState { cash: record.cash, positions: record.positions.as_ref().clone() });
    let written: Vec<_> =
        std::iter::once(&ledger.opening).chain(ledger.records.iter().map(|it| &it.after)).cloned().collect();
    assert_eq!(held.collect::<Vec<_>>(), written);
}

fn found(ledger: &RecordedLedger, bars: &Bars) -> Vec<(u64, ImportRule)> {
    ledger.findings(bars).into_iter().map(|finding| (finding.line, finding.rule)).collect()
}

#[test]
fn daily_a_shares_open_before_the_first_bar_and_may_miss_a_date() {
    let days = [
        ("2025-10-09", "1453.10", "1440.00"),
        ("2025-10-10", "1430", "1435.5"),
        ("2025-10-13", "1420", "1425"),
        ("2025-10-14", "1426", ""),
    ];
    let bars = bars_of(&[prices("600519.SHH", "Daily", "US/Eastern", &days)]);
    let ledger = read(&[
        record("2025-10-01", 0, None, r#""600519.SH": 0, "CASH": 1000000.0"#),
        record("2025-10-09", 1, Some(("buy", "600519.SH", "100")), r#""600519.SH": 100, "CASH": 854690.0"#),
        record("2025-10-10", 2, Some(("no_trade", "", "0")), r#""600519.SH": 100, "CASH": 854690.0"#),
        record("2025-10-14", 3, Some(("sell", "600519.SH", "100")), r#""600519.SH": 0, "CASH": 997290.0"#),
    ]);
    assert_eq!((ledger.zone_used.as_str(), ledger.interval.name()), ("Asia/Shanghai", "1d"));
    assert_eq!(found(&ledger, &bars), [(0, ImportRule::DateWithoutLine), (1, ImportRule::StampNotABar)]);
    agrees_with_its_file(&ledger, &bars);
}

#[test]
fn hourly_a_shares_name_the_end_of_a_bar_and_sell_what_they_bought_that_day() {
    let hours = [
        ("2025-10-09 10:30:00", "10.00", "10.10"),
        ("2025-10-09 11:30:00", "10.20", "10.30"),
        ("2025-10-09 14:00:00", "10.40", "10.50"),
    ];
    let bars = bars_of(&[prices("601318.SH", "60min", "Asia/Shanghai", &hours)]);
    let ledger = read(&[
        record("2025-10-09 8:30:00", 0, None, r#""601318.SH": 0, "CASH": 100000"#),
        record(
            "2025-10-09 10:30:00",
            1,
            Some(("buy", "601318.SH", "300")),
            r#""601318.SH": 300, "CASH": 97000"#,
        ),
        record(
            "2025-10-09 11:30:00",
            2,
            Some(("sell", "601318.SH", "100")),
            r#""601318.SH": 200, "CASH": 98020.0"#,
        ),
        record(
            "2025-10-09 14:00:00",
            3,
            Some(("sell", "601318.SH", "200")),
            r#""601318.SH": 0, "CASH": 100100.0"#,
        ),
    ]);
    assert_eq!(ledger.records[0].stamp.bar_start.to_string(), "2025-10-09T01:30:00Z", "09:30 in Shanghai");
    let expected =
        [(1, ImportRule::StampNotABar), (3, ImportRule::SoldOnDayBought), (4, ImportRule::SoldOnDayBought)];
    // Every fill is the open of the bar that ends at its stamp.
    assert_eq!(found(&ledger, &bars), expected);
    let early = &ledger.findings(&bars)[1];
    assert_eq!(early.expected.as_deref(), Some("at most 0 of 601318.SH"));
    agrees_with_its_file(&ledger, &bars);
}

#[test]
fn coins_jump_back_over_weekends_repeat_their_ids_and_are_rounded() {
    let days = [
        ("2025-11-07", "100", "101"),
        ("2025-11-08", "102", "103"),
        ("2025-11-09", "104", "105"),
        ("2025-11-10", "106", "107"),
    ];
    let bars = bars_of(&[prices("BTC-USDT", "Daily", "UTC", &days)]);
    let buy = |amount| Some(("buy_crypto", "BTC-USDT", amount));
    let ledger = read(&[
        record("2025-11-07", 0, None, r#""BTC-USDT": 0.0, "CASH": 50000.0"#),
        record("2025-11-07", 1, buy("1.5"), r#""BTC-USDT": 1.5, "CASH": 49850.0"#),
        record("2025-11-08", 2, buy("1"), r#""BTC-USDT": 2.5, "CASH": 49748.0"#),
        // Saturday is forgotten.
        record("2025-11-09", 2, buy("0.123449"), r#""BTC-USDT": 1.6234, "CASH": 49837.1613"#),
        record(
            "2025-11-10",
            3,
            Some(("sell_crypto", "BTC-USDT", "0.6234")),
            r#""BTC-USDT": 1.0, "CASH": 49903.2417"#,
        ),
    ]);
    assert_eq!(
        found(&ledger, &bars),
        [(4, ImportRule::StateDiscontinuity), (4, ImportRule::Rounded), (4, ImportRule::IdNotRising),]
    );
    let jump = ledger.findings(&bars).remove(0);
    assert_eq!(jump.found.as_deref(), Some("cash 49850, 1.5 BTC-USDT"));
    assert_eq!(jump.explanation.as_deref(), Some("the state after line 2: what was done since is forgotten"));
    agrees_with_its_file(&ledger, &bars);
}

#[test]
fn a_fork_of_the_benchmark_leaves_out_what_it_does_not_hold_and_a_bad_line_is_left_out() {
    let days = [("2025-10-27", "10", "11"), ("2025-10-28", "12", "13"), ("2025-10-29", "14", "15")];
    let bars = bars_of(&[prices("AAPL", "Daily", "US/Eastern", &days)]);
    let ledger = read(&[
        record("2025-10-27", 0, None, r#""CASH": 100.0"#),
        record("2025-10-28", 1, Some(("buy", "AAPL", "2")), r#""AAPL": 2, "CASH": 76.0"#)
            .replace(r#", "positions""#, r#", "metadata": {"price": 12}, "positions""#),
        "{not json".to_owned(),
        record("2025-10-28", 2, Some(("buy", "AAPL", "1")), r#""AAPL": -3, "CASH": 64.0"#),
        record("2025-10-29", 3, Some(("sell", "AAPL", "3")), r#""CASH": 106.0"#),
    ]);
    let expected = [
        (2, ImportRule::UnknownKey),
        (3, ImportRule::LineUnreadable),
        (4, ImportRule::LineUnreadable),
        // What the line that was left out did is missing.
        (5, ImportRule::StateDiscontinuity),
    ];
    assert_eq!(found(&ledger, &bars), expected);
    agrees_with_its_file(&ledger, &bars);
}
