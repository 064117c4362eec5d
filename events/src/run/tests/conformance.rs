//! A scripted run over real bars, whose every figure is known.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::support::{Told, ask, buy, cash, price, rate, script, sell, shares, symbol, terms};
use crate::market::{Bar, Bars, Columns};
use crate::policy::{KnownPrices, NotKnown, Policy, Refusal};
use crate::run::{Action, RunCommand, RunSnapshot, RunStatus};
use crate::{Interval, Price};

/// Twelve bars of AAPL, MSFT, NVDA and TSLA.
pub(super) fn us_hourly() -> Arc<Bars> {
    let rows: Vec<Vec<&str>> = include_str!("../../../tests/fixtures/us_hourly.csv")
        .lines()
        .skip(3)
        .map(|line| line.split(',').collect())
        .collect();
    let of = |name: &str| rows.iter().filter(|row| row[0] == name).cloned().collect::<Vec<_>>();
    let starts = of("AAPL").iter().map(|row| new_york(row[1])).collect();
    let columns = ["AAPL", "MSFT", "NVDA", "TSLA"].map(|name| {
        let column =
            |place: usize| -> Arc<[Price]> { of(name).iter().map(|row| price(row[place])).collect() };
        Columns { symbol: symbol(name), open: column(2), high: column(3), low: column(4), close: column(5) }
    });
    Arc::new(Bars::new(Interval::Hour, starts, columns.into()).unwrap())
}

pub(super) fn new_york(wall_clock: &str) -> Timestamp {
    let zone = TimeZone::get("America/New_York").unwrap();
    wall_clock.parse::<DateTime>().unwrap().to_zoned(zone).unwrap().timestamp()
}

pub(super) fn scripted() -> Arc<dyn Policy> {
    script([
        (1, vec![buy("NVDA", "20"), buy("MSFT", "5")]),
        (3, vec![sell("NVDA", "5")]),
        (6, vec![buy("AAPL", "1000")]),
        (8, vec![sell("TSLA", "1"), sell("NVDA", "16")]),
        (10, vec![sell("NVDA", "15"), sell("MSFT", "5")]),
    ])
}

pub(super) fn hourly_terms(bars: &Bars, chunk_bars: u32) -> RunSnapshot {
    RunSnapshot { periods_per_year: 1_512, chunk_bars, ..terms(bars) }
}

#[test]
fn the_example_ledger_has_fourteen_records_with_known_figures() {
    let bars = us_hourly();
    let told = Told::completed(&hourly_terms(&bars, 1_000), &bars, &scripted());
    let records = told.records();
    assert_eq!(records.iter().map(|it| it.id).collect::<Vec<_>>(), (0..14).collect::<Vec<u64>>());
    let line = |id: usize| {
        let it = &records[id];
        let traded = it.symbol.as_ref().map(ToString::to_string).unwrap_or_default();
        (it.bar, it.action, traded, it.quantity, it.cash)
    };
    let none = String::new;
    assert_eq!(line(0), (0, Action::Opened, none(), shares("0"), cash("10000")));
    assert_eq!(line(1), (1, Action::Buy, "NVDA".to_owned(), shares("20"), cash("5838.002")));
    assert_eq!(line(2), (1, Action::Buy, "MSFT".to_owned(), shares("5"), cash("3238.202")));
    assert_eq!(line(3), (2, Action::NoTrade, none(), shares("0"), cash("3238.202")));
    assert_eq!(line(4), (3, Action::Sell, "NVDA".to_owned(), shares("5"), cash("4290.477")));
    assert_eq!(line(11), (10, Action::Sell, "NVDA".to_owned(), shares("15"), cash("7295.877")));
    assert_eq!(line(12), (10, Action::Sell, "MSFT".to_owned(), shares("5"), cash("9856.877")));
    assert_eq!(line(13), (11, Action::NoTrade, none(), shares("0"), cash("9856.877")));
    assert_eq!(records.iter().filter(|it| it.action == Action::NoTrade).count(), 8);
    assert_eq!(records[4].positions.values().map(ToString::to_string).collect::<Vec<_>>(), ["5", "15"]);
    assert!(records[13].positions.is_empty());
}

#[test]
fn the_example_equity_has_one_point_per_bar_at_its_close() {
    let bars = us_hourly();
    let told = Told::completed(&hourly_terms(&bars, 1_000), &bars, &scripted());
    let expected = [
        "10000",
        "10017.89",
        "10039.302",
        "10015.827",
        "9996.608",
        "9980.977",
        "9884.9755",
        "9880.077",
        "9857.5405",
        "9857.077",
        "9856.877",
        "9856.877",
    ];
    assert_eq!(told.equity(), expected.map(cash));
    let figures = told.figures();
    assert_eq!((figures.bars, figures.records), (12, 14));
    assert_eq!((figures.realised_pnl, figures.open_pnl), (cash("-143.123"), cash("0")));
    assert_eq!(figures.total_return, rate("-0.0143123"));
    let drawdown = figures.max_drawdown.unwrap();
    assert_eq!((drawdown.peak.bar, drawdown.peak.value), (2, cash("10039.302")));
    assert_eq!((drawdown.trough.bar, drawdown.trough.value), (10, cash("9856.877")));
    assert_eq!(drawdown.rate(), rate("0.01817108"));
    assert_eq!((figures.counts.buys, figures.counts.sells), (2, 3));
    assert_eq!((figures.counts.refusals, figures.counts.holds), (3, 8));
    told.assert_rechecks(&bars, &scripted());
}

#[test]
fn the_example_refusals_carry_their_figures() {
    let bars = us_hourly();
    let told = Told::completed(&hourly_terms(&bars, 1_000), &bars, &scripted());
    let refusals: Vec<_> = told.refusals().iter().map(|it| (it.bar, it.refusal.clone())).collect();
    assert_eq!(
        refusals,
        [
            (
                6,
                Refusal::InsufficientCash {
                    required_cash: cash("268031.3"),
                    cash_available: cash("4290.477"),
                    price: price("268.0313"),
                }
            ),
            (8, Refusal::NoPosition { symbol: symbol("TSLA") }),
            (8, Refusal::InsufficientShares { have: shares("15"), want_to_sell: shares("16") }),
        ]
    );
}

#[test]
fn two_purchases_that_cash_pays_once_fill_once() {
    let bars = us_hourly();
    let policy = script([(1, vec![buy("NVDA", "30"), buy("NVDA", "30")])]);
    let told = Told::completed(&hourly_terms(&bars, 1_000), &bars, &policy);
    assert_eq!(told.trades(), ["1 buy 30 NVDA 208.0999"]);
    let available = cash("10000") - cash("6242.997");
    assert!(matches!(
        &told.refusals()[0].refusal,
        Refusal::InsufficientCash { cash_available, .. } if *cash_available == available
    ));
}

#[test]
fn cancelling_keeps_the_records_so_far() {
    let bars = us_hourly();
    let mut told = Told::requested(&hourly_terms(&bars, 1));
    for _ in 0..4 {
        told.advance(&bars, &scripted());
    }
    told.send(RunCommand::Cancel { reason: "enough".to_owned() }).unwrap();
    assert_eq!(told.run.status(), Some(RunStatus::Cancelled));
    assert_eq!(told.records().iter().map(|it| it.id).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(told.figures().value, cash("10015.827"));
    told.assert_rechecks(&bars, &scripted());
}

#[test]
fn a_price_is_told_as_far_as_it_is_known() {
    let bars = us_hourly();
    let policy = ask(|view, _| {
        if view.bar_start() != new_york("2025-11-04T10:00:00") {
            return;
        }
        let nvda = symbol("NVDA");
        let at = |wall_clock| view.price_at(&nvda, new_york(wall_clock));
        assert_eq!(at("2025-11-04T10:00:00"), Ok(KnownPrices::OpenOnly(price("203.8"))));
        assert!(matches!(at("2025-11-04T11:00:00"), Err(NotKnown::NotYetKnown { .. })));
        let complete = Bar {
            open: price("208.25"),
            high: price("208.43"),
            low: price("205.56"),
            close: price("207.02"),
        };
        assert_eq!(at("2025-11-03T15:00:00"), Ok(KnownPrices::Complete(complete)));
        assert!(matches!(at("2025-11-03T15:30:00"), Err(NotKnown::NoBar { .. })));
        assert!(matches!(at("2031-01-01T00:00:00"), Err(NotKnown::NotYetKnown { .. })));
    });
    Told::completed(&hourly_terms(&bars, 1_000), &bars, &policy);
}
