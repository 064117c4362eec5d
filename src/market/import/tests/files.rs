use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use projections::bars::{Assembly, ImportedBar, Vintage};

use super::read;
use crate::market::import::{Format, ImportReport};

/// A file of this package.
pub(super) fn file(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn import(path: &str) -> (Vec<ImportedBar>, ImportReport) {
    let (bars, report) = read(path, &file(path));
    assert_eq!(
        (report.rejected_count, report.warnings.len(), report.unknown_keys.len()),
        (0, 0, 0),
        "{report}"
    );
    (bars, report)
}

#[test]
fn the_daily_closes_of_the_demo_are_complete() {
    for (path, symbols, rows) in [
        ("data/prices/sp500_20.csv.gz", 20, 8_313),
        ("data/prices/sp500_index.csv.gz", 1, 8_313),
        ("data/prices/factor_etfs.csv.gz", 5, 2_264),
    ] {
        let (bars, report) = import(path);
        assert_eq!(
            (report.symbols, report.bars_accepted, report.lines_read),
            (symbols, symbols * rows, rows + 1)
        );
        assert_eq!((report.flat, report.format), (report.bars_accepted, Format::WideCsv));
        assert_eq!(bars.last().unwrap().start.to_string(), "2022-12-28T00:00:00Z");
    }
}

#[test]
fn the_hourly_sample_is_complete_but_for_its_newest_bars() {
    let (bars, report) = import("tests/fixtures/aitrader/merged.jsonl.gz");
    assert_eq!(
        (report.symbols, report.bars_accepted, report.open_only, report.lines_read),
        (101, 17_574, 101, 101)
    );
    assert_eq!(report.zones_used.into_iter().collect::<Vec<_>>(), [("US/Eastern".to_owned(), 17_574)]);
    let (first, last) = (bars.iter().map(|bar| bar.start).min(), bars.iter().map(|bar| bar.start).max());
    assert_eq!(first.unwrap().to_string(), "2025-10-01T14:00:00Z", "10:00 in summer");
    assert_eq!(last.unwrap().to_string(), "2025-11-10T20:00:00Z", "15:00 in winter");
    assert!(bars.iter().all(|bar| bar.prices.close().is_some() || bar.start == last.unwrap()));
}

#[test]
fn the_hourly_sample_has_one_calendar() {
    let bars = assemble(&import("tests/fixtures/aitrader/merged.jsonl.gz").0);
    assert_eq!((bars.len(), bars.columns().len()), (174, 101));
    assert!(bars.columns().iter().all(|column| column.open.iter().all(|price| price.is_positive())));
    let apple = &bars.columns()[bars.column_of(&"AAPL".parse().unwrap()).unwrap()];
    assert_eq!(apple.close_at(173), None, "the newest bar is open-only");
    assert!(apple.open_at(173).is_some() && apple.bar_at(172).is_some());
}

/// Bars in columns, without a database.
pub(super) fn assemble(bars: &[ImportedBar]) -> events::market::Bars {
    let symbols: BTreeSet<_> = bars.iter().map(|bar| bar.symbol.clone()).collect();
    let mut assembly = Assembly::new(bars[0].interval, symbols.iter().map(|symbol| (symbol.clone(), 0)));
    for bar in bars {
        let place = symbols.iter().position(|symbol| *symbol == bar.symbol).unwrap();
        assembly.push(place, bar.start, Vintage::new(1), bar.prices);
    }
    assembly.finish().unwrap()
}
