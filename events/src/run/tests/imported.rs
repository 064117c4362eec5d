//! Accounts that were kept elsewhere: repeated as they are, whatever the rules of a run would say.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::support::{Told, cash, columns, daily, flat, price, shares, symbol, terms};
use crate::market::Bars;
use crate::policy::{
    AdjustmentCause, ImportFormat, ImportSource, ImportedAdjustment, ImportedLine, ImportedOpening,
    ImportedOrder, ImportedParameters, PolicySpec, SharedIndicators, Side,
};
use crate::run::recheck::{recheck, redecide};
use crate::run::{Action, RunError, RunEvent, RunKind, RunSnapshot};

fn at(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

fn order(side: Side, name: &str, quantity: &str, executed: &str) -> ImportedOrder {
    let price = (!executed.is_empty()).then(|| price(executed));
    ImportedOrder { side, symbol: symbol(name), quantity: shares(quantity), price }
}

fn line(line: u64, day: &str, order: Option<ImportedOrder>) -> ImportedLine {
    ImportedLine { line, at: at(day), adjusted: None, order }
}

fn adjusted(line: ImportedLine, cause: AdjustmentCause, left: &str, held: &[(&str, &str)]) -> ImportedLine {
    let positions: BTreeMap<_, _> = held.iter().map(|(name, count)| (symbol(name), shares(count))).collect();
    ImportedLine { adjusted: Some(ImportedAdjustment { cause, cash: cash(left), positions }), ..line }
}

/// Terms that repeat `lines` of an account opened on a day.
fn imported(bars: &Bars, opened: &str, lines: Vec<ImportedLine>) -> RunSnapshot {
    let source = ImportSource {
        format: ImportFormat::AiTrader,
        agent: "agent".to_owned(),
        file: "position.jsonl".to_owned(),
        sha256: "0".repeat(64),
        zone: "UTC".to_owned(),
    };
    let opened = ImportedOpening { line: 1, at: at(opened) };
    let parameters = ImportedParameters { source, opened, lines, findings: Vec::new() };
    RunSnapshot { policy: PolicySpec::Imported(Box::new(parameters)), ..terms(bars) }
}

fn repeated(snapshot: &RunSnapshot, bars: &Arc<Bars>) -> Told {
    let policy = snapshot.policy.build(bars, &SharedIndicators::default());
    let told = Told::completed(snapshot, bars, &policy);
    recheck(bars, &told.events).unwrap();
    redecide(bars, &policy, &told.events).unwrap();
    told
}

/// Records as `bar action quantity symbol cash holdings`.
fn ledger(told: &Told) -> Vec<String> {
    let shown = |record: crate::run::LedgerRecord| {
        let held = record.positions.iter().map(|(name, count)| format!("{name} {count}"));
        let held = held.collect::<Vec<_>>().join(" ");
        let what = record.symbol.map(|name| format!(" {} {name}", record.quantity)).unwrap_or_default();
        let action = record.action.name();
        format!("{} {} {action}{what}: {} [{held}]", record.id, record.bar, record.cash)
    };
    told.records().into_iter().map(shown).collect()
}

#[test]
fn every_line_is_a_record_and_a_bar_without_lines_has_none() {
    let bars = daily(vec![flat("A", &["10", "11", "12", "13", "14"])]);
    let lines = vec![
        line(2, "2025-01-06", Some(order(Side::Buy, "A", "3", "9.5"))),
        line(3, "2025-01-07", None),
        line(4, "2025-01-07", None),
        line(5, "2025-01-09", Some(order(Side::Sell, "A", "0", ""))),
        line(6, "2025-01-10", Some(order(Side::Sell, "A", "3", "15"))),
    ];
    let snapshot = imported(&bars, "2025-01-01", lines);
    assert_eq!(snapshot.kind(), RunKind::Imported);
    let told = repeated(&snapshot, &bars);
    assert_eq!(
        ledger(&told),
        [
            "0 0 opened: 10000 []",
            "1 0 buy 3 A: 9971.5 [A 3]",
            "2 1 no_trade: 9971.5 [A 3]",
            "3 1 no_trade: 9971.5 [A 3]",
            "4 3 sell 0 A: 9971.5 [A 3]",
            "5 4 sell 3 A: 10016.5 []",
        ]
    );
    let values = ["10001.5", "10004.5", "10007.5", "10010.5", "10016.5"].map(cash);
    assert_eq!(told.equity(), values);
    let figures = told.figures();
    assert_eq!((figures.records, figures.counts.holds, figures.counts.buys), (6, 3, 1));
    assert_eq!((figures.realised_pnl, figures.adjustments), (cash("16.5"), cash("0")));
}

#[test]
fn what_no_decision_led_to_is_adjusted_and_is_no_profit() {
    let bars = daily(vec![flat("A", &["10", "10", "20"]), flat("B", &["5", "5", "5"])]);
    let forgot = line(3, "2025-01-08", Some(order(Side::Buy, "B", "1", "5")));
    let lines = vec![
        line(2, "2025-01-07", Some(order(Side::Buy, "A", "100", "10"))),
        adjusted(forgot, AdjustmentCause::StateDiscontinuity, "9700", &[("A", "25"), ("B", "2")]),
    ];
    let told = repeated(&imported(&bars, "2025-01-06", lines), &bars);
    assert_eq!(
        ledger(&told),
        ["0 0 opened: 10000 []", "1 1 buy 100 A: 9000 [A 100]", "2 2 buy 1 B: 9695 [A 25 B 3]"]
    );
    let figures = told.figures();
    // Cash rises by 700; 75 A leave with their cost of 750, two B come at their price of 5.
    assert_eq!((figures.adjustments, figures.open_pnl), (cash("-40"), cash("250")));
    assert_eq!(figures.value, cash("10210"));
}

#[test]
fn no_rule_refuses_what_happened() {
    // T+1 and lots of A-shares, a price that the bar never had, and a symbol without a bar that day.
    let rows = [Some(["10", "10", "10", "10"]), None, Some(["12", "12", "12", "12"])];
    let bars = daily(vec![columns("600519.SH", &rows), flat("601318.SH", &["1", "1", "1"])]);
    let lines = vec![
        line(2, "2025-01-07", Some(order(Side::Buy, "600519.SH", "150", "77"))),
        line(3, "2025-01-07", Some(order(Side::Sell, "600519.SH", "50", "70"))),
        line(4, "2025-01-08", None),
    ];
    let told = repeated(&imported(&bars, "2025-01-06", lines), &bars);
    let fills = told.fills();
    assert_eq!(fills.iter().map(|it| it.reference_price).collect::<Vec<_>>(), [price("10"), price("10")]);
    assert_eq!(told.equity()[1..], [cash("2950"), cash("3150")]);
    assert_eq!(told.refusals().len(), 0);
}

#[test]
fn chunks_do_not_matter_and_a_stamp_between_bars_belongs_to_the_bar_before() {
    let bars = daily(vec![flat("A", &["1", "2", "3", "4", "5", "6", "7", "8"])]);
    let lines = vec![
        line(2, "2025-01-07", Some(order(Side::Buy, "A", "1", "2"))),
        ImportedLine { at: "2025-01-07T12:00:00Z".parse().unwrap(), ..line(3, "2025-01-07", None) },
        line(4, "2025-01-13", None),
    ];
    let whole = imported(&bars, "2025-01-06", lines);
    let once = repeated(&whole, &bars);
    assert_eq!(once.records().iter().map(|it| it.bar).collect::<Vec<_>>(), [0, 1, 1, 7]);
    for chunk_bars in 1..=4 {
        let told = repeated(&RunSnapshot { chunk_bars, ..whole.clone() }, &bars);
        assert_eq!((told.records(), told.equity()), (once.records(), once.equity()), "{chunk_bars}");
        let closed = told.events.iter().filter_map(|event| match event {
            RunEvent::BarsClosed(closed) => Some(closed.records.iter().sum::<u32>()),
            _ => None,
        });
        assert!(closed.into_iter().all(|records| records > 0), "a chunk is told by its first record");
    }
}

#[test]
fn a_recheck_finds_a_line_that_is_not_the_ledgers() {
    let bars = daily(vec![flat("A", &["10", "10", "20"])]);
    let held = line(4, "2025-01-08", None);
    let lines = vec![
        line(2, "2025-01-07", Some(order(Side::Buy, "A", "10", "10"))),
        line(3, "2025-01-07", None),
        adjusted(held, AdjustmentCause::Rounding, "9900.01", &[]),
    ];
    let told = repeated(&imported(&bars, "2025-01-06", lines), &bars);
    let tampered = |change: &dyn Fn(&mut RunEvent)| {
        let mut events = told.events.clone();
        events.iter_mut().for_each(change);
        recheck(&bars, &events).unwrap_err().to_string()
    };
    let more = tampered(&|event| {
        if let RunEvent::OrderFilled(filled) = event {
            filled.quantity = shares("11");
        }
    });
    assert!(more.contains("what is executed is what the line says"), "{more}");
    let richer = tampered(&|event| {
        if let RunEvent::AccountAdjusted(adjusted) = event {
            adjusted.cash = cash("9999");
        }
    });
    assert!(richer.contains("cash is 9999, but 9900.01 follows"), "{richer}");
    let bought = tampered(&|event| {
        if let RunEvent::LineImported(line) = event {
            line.action = Action::Buy;
        }
    });
    assert!(bought.contains("the first record opens the account"), "{bought}");
}

#[test]
fn a_ledger_that_sells_what_it_does_not_hold_or_goes_on_after_its_lines_is_refused() {
    let bars = daily(vec![flat("A", &["10", "10", "20"])]);
    let refused = |lines: Vec<ImportedLine>| {
        let snapshot = imported(&bars, "2025-01-06", lines);
        let mut run = Told { run: Default::default(), events: Vec::new() };
        match run.send(super::support::request(&snapshot)).unwrap_err() {
            RunError::InvalidSnapshot(errors) => errors.into_iter().map(|it| it.field).collect::<Vec<_>>(),
            other => panic!("{other}"),
        }
    };
    let short = line(2, "2025-01-08", Some(order(Side::Sell, "A", "1", "10")));
    assert_eq!(refused(vec![short]), ["policy.parameters.lines.0.order.quantity"]);
    assert_eq!(refused(vec![line(2, "2025-01-07", None)]), ["last_bar_at"]);
    assert_eq!(refused(Vec::new()), ["last_bar_at", "policy.parameters.lines"]);
}
