//! Where P&L came from.

use super::assert_near;
use crate::Portfolio;
use crate::portfolio::tests::support::*;
use crate::portfolio::valuation::*;
use crate::portfolio::{Lot, LotDraft};

fn example() -> (Portfolio, Vec<LotDay>) {
    let lot = |symbol: &str, units: &str, tags: &[u8]| LotDraft {
        tag_ids: tags.iter().map(|number| tag(*number)).collect(),
        ..shares(symbol, units, "100", today())
    };
    let portfolio = after([
        lot_opened(1, &lot("A", "600", &[1, 2])),
        lot_opened(2, &lot("B", "-300", &[1])),
        lot_opened(3, &lot("C", "200", &[])),
    ]);
    let day = |number, pnl, worth| LotDay {
        position_id: position(number),
        pnl: cash(pnl),
        market_value: Some(cash(worth)),
    };
    (portfolio, vec![day(1, "900", "60000"), day(2, "300", "-30000"), day(3, "-200", "20000")])
}

fn of(by: &GroupBy<'_>) -> Attribution {
    let (portfolio, days) = example();
    portfolio.attribution(&days, by, Some(cash("100000")))
}

#[test]
fn each_symbol_has_its_part_of_the_return_and_of_the_gain() {
    let found = of(&GroupBy::Symbol);
    let names: Vec<_> = found.rows.iter().map(|row| row.group.as_deref().unwrap()).collect();
    assert_eq!(
        (names, found.total_pnl, found.overlapping_groups),
        (vec!["A", "B", "C"], cash("1000"), false)
    );
    for (row, (basis_points, percent)) in found.rows.iter().zip([(90.0, 90.0), (30.0, 30.0), (-20.0, -20.0)])
    {
        assert_near(row.contribution.map(|part| part * 10_000.0), basis_points, 9);
        assert_near(row.contribution_percent, percent, 9);
    }
}

#[test]
fn a_lot_counts_under_each_of_its_tags() {
    let found = of(&GroupBy::Tag);
    assert!(found.overlapping_groups);
    let pnl = |group: Option<String>| found.rows.iter().find(|row| row.group == group).unwrap().pnl;
    assert_eq!(pnl(Some(tag(1).to_string())), cash("1200"));
    assert_eq!(pnl(Some(tag(2).to_string())), cash("900"));
    assert_eq!(pnl(None), cash("-200"));
    assert_eq!(found.total_pnl, cash("1000"));
}

#[test]
fn types_classes_positions_and_sectors_group_too() {
    let rows = |by: &GroupBy<'_>| {
        of(by).rows.into_iter().map(|row| (row.group.unwrap_or_default(), row.pnl)).collect::<Vec<_>>()
    };
    let by_type = [("LONG".to_owned(), cash("700")), ("SHORT".to_owned(), cash("300"))];
    assert_eq!(rows(&GroupBy::PositionType), by_type);
    assert_eq!(rows(&GroupBy::InvestmentClass), [("PUBLIC".to_owned(), cash("1000"))]);
    assert_eq!(rows(&GroupBy::Position).len(), 3);
    let sector_of = |lot: &Lot| (lot.terms.symbol.as_str() != "C").then(|| "Technology".to_owned());
    let by_sector = [(String::new(), cash("-200")), ("Technology".to_owned(), cash("1200"))];
    assert_eq!(rows(&GroupBy::Sector(&sector_of)), by_sector);
}

#[test]
fn without_equity_or_gain_there_are_no_shares_of_them() {
    let (portfolio, days) = example();
    let no_equity = portfolio.attribution(&days, &GroupBy::Symbol, None);
    assert!(
        no_equity.rows.iter().all(|row| row.contribution.is_none() && row.contribution_percent.is_some())
    );
    let nothing = LotDay { pnl: cash("0.009"), ..days[0] };
    let found = portfolio.attribution([&nothing], &GroupBy::Symbol, Some(cash("1")));
    assert_eq!(found.rows[0].contribution_percent, None);
    let twice = portfolio.attribution(days.iter().chain(&days), &GroupBy::Symbol, None);
    assert_eq!(twice.total_pnl, cash("2000"), "dollars of several sessions add up");
}
