use events::{Cash, Price, Quantity};

use super::files::{assemble, file};
use super::read as read_bars;
use crate::market::import::ImportOptions;
use crate::market::import::positions::{LedgerError, LedgerWarning, RecordedAction, RecordedLedger};

fn read(text: &str) -> RecordedLedger {
    RecordedLedger::read("position.jsonl", text.as_bytes(), &ImportOptions::default()).unwrap()
}

fn fixture(name: &str) -> RecordedLedger {
    let bytes = file(&format!("tests/fixtures/aitrader/{name}.position.jsonl.gz"));
    RecordedLedger::read(name, bytes.as_slice(), &ImportOptions::default()).unwrap()
}

fn cash(text: &str) -> Cash {
    text.parse().unwrap()
}

fn actions(ledger: &RecordedLedger) -> (usize, usize, usize, usize) {
    let count =
        |is: fn(&RecordedAction) -> bool| ledger.records.iter().filter(|record| is(&record.action)).count();
    (
        count(|action| matches!(action, RecordedAction::Buy { .. })),
        count(|action| matches!(action, RecordedAction::Sell { .. })),
        count(|action| matches!(action, RecordedAction::NoTrade)),
        ledger.records.iter().filter(|record| record.fill_price.is_some()).count(),
    )
}

#[test]
fn the_recorded_accounts_are_those_of_the_benchmark() {
    let gpt = fixture("gpt-5");
    assert_eq!((gpt.opening.cash, gpt.opened.text.as_str()), (cash("10000"), "2025-10-01 10:00:00"));
    assert_eq!(gpt.opened.bar_start.to_string(), "2025-10-01T14:00:00Z");
    assert_eq!(actions(&gpt), (31, 14, 146, 45));
    let last = gpt.records.last().unwrap();
    assert_eq!((last.after.cash, last.stamp.text.as_str()), (cash("71.75"), "2025-11-07 15:00:00"));
    let held: Vec<_> =
        last.after.positions.iter().map(|(symbol, quantity)| format!("{symbol} {quantity}")).collect();
    assert_eq!(held, ["AMD 11", "CRWD 1", "MRVL 17", "MSFT 6", "NVDA 13"]);
    assert!(gpt.warnings.is_empty() && gpt.rejected.is_empty() && gpt.unknown_keys.is_empty());

    let minimax = fixture("MiniMax-M2");
    assert_eq!(actions(&minimax), (57, 41, 126, 96));
    let last = &minimax.records.last().unwrap().after;
    assert_eq!((last.cash, last.positions.len()), (cash("74.7007"), 20));
    assert_eq!(minimax.warnings.keys().collect::<Vec<_>>(), [&LedgerWarning::ZeroAmount]);
    assert_eq!(minimax.warnings[&LedgerWarning::ZeroAmount].first_lines, [127, 186]);
    assert_eq!(minimax.unknown_keys.into_iter().collect::<Vec<_>>(), [("this_action.price".to_owned(), 2)]);
}

#[test]
fn implied_fills_add_up_to_the_recorded_cash_and_holdings() {
    for name in ["gpt-5", "MiniMax-M2"] {
        let ledger = fixture(name);
        let mut notional = Cash::ZERO;
        let mut state = ledger.opening.clone();
        for record in &ledger.records {
            assert_eq!(record.adjusted_from, None);
            let (symbol, change) = match &record.action {
                RecordedAction::Buy { symbol, amount } => (symbol, *amount),
                RecordedAction::Sell { symbol, amount } => (symbol, -*amount),
                RecordedAction::NoTrade => continue,
            };
            let held = state.positions.entry(symbol.clone()).or_default();
            *held += change;
            if held.is_zero() {
                state.positions.remove(symbol);
            }
            if let Some(price) = record.fill_price {
                state.cash -= Cash::of(change, price);
                notional += Cash::of(change.abs(), price);
            }
            // Six decimals of the price leave less than a thousandth of a cent on a few hundred shares.
            assert!((state.cash - record.after.cash).abs() < cash("0.00001"), "line {}", record.line);
            assert_eq!(state.positions, record.after.positions, "line {}", record.line);
            state.cash = record.after.cash;
        }
        let expected = if name == "gpt-5" { "38405.05" } else { "57559.2359" };
        assert!((notional - cash(expected)).abs() < cash("0.001"), "{name}: {notional}");
    }
}

#[test]
fn fills_are_compared_with_the_bars_they_are_recorded_in() {
    let bars = assemble(&read_bars("merged.jsonl.gz", &file("tests/fixtures/aitrader/merged.jsonl.gz")).0);
    assert_eq!(fixture("gpt-5").fills_off_open(&bars).len(), 45);
    let minimax = fixture("MiniMax-M2");
    let off = minimax.fills_off_open(&bars);
    assert_eq!(96 - off.len(), 37, "these match to the last decimal");
    let adjusted: Vec<_> = off.iter().map(|fill| fill.line).filter(|line| *line > 170).collect();
    assert_eq!(adjusted, [171, 172, 175, 177, 179, 197, 203]);
}

const OPENING: &str = r#"{"date": "2025-10-02", "id": 0, "positions": {"A": 0, "B": 5, "CASH": 100.0}}"#;

fn line(id: i64, action: &str, positions: &str) -> String {
    format!(r#"{{"id": {id}, "this_action": {action}, "positions": {{{positions}}}, "date": "2025-10-03"}}"#)
}

fn action(kind: &str, symbol: &str, amount: &str) -> String {
    format!(r#"{{"action": "{kind}", "symbol": "{symbol}", "amount": {amount}}}"#)
}

#[test]
fn a_fill_price_is_the_change_of_cash_per_share() {
    let buy = line(1, &action("buy", "a", "3"), r#""A": 3, "B": 5, "CASH": 71.74999999999932"#);
    let sell = line(2, &action("sell", "B", "5"), r#""A": 3, "CASH": 8.175e1"#);
    let ledger = read(&[OPENING, &buy, &sell].join("\n"));
    let [bought, sold] = &ledger.records[..] else { panic!("two records") };
    assert_eq!(bought.fill_price, Some("9.41666667".parse::<Price>().unwrap()));
    assert_eq!((bought.after.cash, bought.cash_text.as_str()), (cash("71.75"), "71.74999999999932"));
    assert_eq!((sold.fill_price, sold.after.cash), (Some("2".parse().unwrap()), cash("81.75")));
    assert!(ledger.warnings.is_empty());
}

#[test]
fn a_state_that_jumps_back_is_adjusted_to_before_its_action() {
    let buy = line(1, &action("buy", "A", "1"), r#""A": 1, "B": 5, "CASH": 90"#);
    let forgot = line(1, &action("sell", "B", "5"), r#""A": 0, "B": 0, "CASH": 110"#);
    let nonsense = line(2, &action("sell", "B", "5"), r#""A": 7, "CASH": 110"#);
    let silent = r#"{"date": "2025-10-01", "positions": {"A": 7, "CASH": 110}}"#;
    let ledger = read(&[OPENING, &buy, &forgot, &nonsense, silent].join("\n"));
    let forgot = &ledger.records[1];
    assert_eq!(forgot.adjusted_from.as_ref(), Some(&ledger.opening));
    assert_eq!(forgot.fill_price, Some("2".parse().unwrap()));
    let nonsense = &ledger.records[2];
    assert_eq!((nonsense.adjusted_from.as_ref(), nonsense.fill_price), (Some(&nonsense.after), None));
    let kinds: Vec<_> =
        ledger.warnings.iter().map(|(kind, warned)| (*kind, warned.first_lines.clone())).collect();
    assert_eq!(
        kinds,
        [
            (LedgerWarning::StateDiscontinuity, vec![3, 4]),
            (LedgerWarning::IdNotRising, vec![3]),
            (LedgerWarning::StampFalls, vec![5]),
            (LedgerWarning::ActionMissing, vec![5]),
        ]
    );
}

#[test]
fn coins_are_rounded_as_the_source_rounded_them() {
    let text = [
        r#"{"date": "2025-10-02", "id": 0, "positions": {"BTC-USDT": 0, "CASH": 50000}}"#,
        r#"{"date": "2025-10-02", "id": 1, "this_action": {"action": "buy_crypto", "symbol": "BTC-USDT", "amount": 0.123449}, "positions": {"BTC-USDT": 0.1234, "CASH": 37655.10000000001}}"#,
    ]
    .join("\n");
    let ledger = read(&text);
    assert_eq!(ledger.records[0].after.cash, cash("37655.1"));
    assert_eq!(ledger.records[0].fill_price, Some("100000".parse().unwrap()));
    assert_eq!(
        ledger.records[0].after.positions.values().copied().collect::<Vec<_>>(),
        ["0.1234".parse::<Quantity>().unwrap()]
    );
    assert_eq!(ledger.warnings.keys().collect::<Vec<_>>(), [&LedgerWarning::QuantityRounded]);
    assert_eq!(ledger.zone_used, "UTC");
}

#[test]
fn lines_that_cannot_be_read_are_listed() {
    let text = [
        OPENING,
        "{",
        r#"{"id": 1, "positions": {}}"#,
        &line(1, &action("short", "A", "1"), r#""CASH": 1"#),
        &line(1, &action("buy", "A", "\"many\""), r#""CASH": 1"#),
        r#"{"date": "soon", "positions": {"CASH": 1}}"#,
        &line(1, &action("no_trade", "", "0"), r#""B": 5, "CASH": 100, "A": 0"#),
    ]
    .join("\n");
    let ledger = read(&text);
    assert_eq!((ledger.records.len(), ledger.warnings.len()), (1, 0));
    let lines: Vec<_> = ledger.rejected.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6]);
}

#[test]
fn what_is_no_account_says_so() {
    let try_read = |text: &str| {
        RecordedLedger::read("position.jsonl", text.as_bytes(), &ImportOptions::default()).unwrap_err()
    };
    assert!(matches!(try_read(""), LedgerError::NoRecords { .. }));
    let buy = line(1, &action("buy", "A", "3"), r#""A": 3, "CASH": 1"#);
    assert!(matches!(try_read(&buy), LedgerError::NoOpening { line: 1, .. }));
    let values = r#"{"date": "2025-10-02", "id": 0, "positions": {"CASH": 100.5}}"#;
    let series = [values, values].join("\n");
    assert!(matches!(try_read(&series), LedgerError::BenchmarkSeries { records: 2, .. }));
}
