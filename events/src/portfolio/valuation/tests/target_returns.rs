//! What would be earned if targets came true.

use jiff::civil::date;

use super::{Quoted, assert_near};
use crate::portfolio::tests::support::*;
use crate::portfolio::valuation::*;
use crate::portfolio::*;
use crate::position::{InvestmentClass, PositionType};
use crate::{OptionContract, Portfolio, Price};

fn no_model(_: &OptionContract, _: Price, _: Horizon) -> Option<Price> {
    None
}

fn target(
    number: u8,
    symbol: &str,
    position_type: PositionType,
    prices: [Option<&str>; 3],
) -> PortfolioEvent {
    let [eoy, next_year, downside] = prices.map(|found| found.map(price));
    PortfolioEvent::TargetCreated(TargetCreated {
        target_id: target_id(number),
        symbol: symbol.parse().unwrap(),
        position_type,
        position_id: None,
        prices: TargetPrices { eoy, next_year, downside, current_price: None },
        effective_date: today(),
        at: at(0),
    })
}

fn example() -> (Portfolio, Quoted) {
    let entered = date(2025, 7, 1);
    let portfolio = after([
        lot_opened(1, &shares("AAPL", "150", "100", entered)),
        lot_opened(2, &shares("AAPL", "50", "100", entered)),
        lot_opened(3, &shares("NVDA", "300", "100", entered)),
        lot_opened(4, &shares("TSLA", "-100", "100", entered)),
        lot_opened(5, &shares("MSFT", "480", "100", entered)),
        target(1, "AAPL", PositionType::Long, [Some("230"), Some("250"), Some("170")]),
        target(2, "NVDA", PositionType::Long, [Some("165"), Some("200"), Some("120")]),
        target(3, "TSLA", PositionType::Short, [Some("250"), Some("220"), Some("360")]),
    ]);
    let prices = Quoted::default()
        .with("AAPL", today(), "200")
        .with("NVDA", today(), "150")
        .with("TSLA", today(), "300")
        .with("MSFT", today(), "100");
    (portfolio, prices)
}

fn returns_of(portfolio: &Portfolio, prices: &Quoted) -> TargetReturns {
    let values = portfolio.value_on(today(), prices);
    portfolio.target_returns(&values, today(), Some(cash("500000")), &no_model)
}

#[test]
fn the_worked_example() {
    let (portfolio, prices) = example();
    let returns = returns_of(&portfolio, &prices);
    let total = returns.total;
    for (horizon, dollars, contribution) in [
        (Horizon::Eoy, "15500", 0.031),
        (Horizon::NextYear, "33000", 0.066),
        (Horizon::Downside, "-21000", -0.042),
    ] {
        assert_eq!(total.at(horizon).dollars, cash(dollars));
        assert_near(total.contribution(horizon, returns.equity), contribution, 12);
        assert_near(total.coverage(horizon).map(|part| part * 100.0), 70.552147, 6);
    }
    assert_eq!((total.gross_exposure, total.eoy.covered_exposure), (cash("163000"), cash("115000")));
    assert_eq!((total.positions, total.eoy.positions_with_targets), (5, 4));
    let longs = returns.longs;
    assert_eq!((longs.eoy.dollars, longs.gross_exposure), (cash("10500"), cash("133000")));
    assert_near(longs.return_on_group(Horizon::Eoy).map(|part| part * 100.0), 7.894737, 6);
    assert_near(longs.return_on_covered(Horizon::Eoy).map(|part| part * 100.0), 12.352941, 6);
    assert_eq!(returns.shorts.eoy.dollars, cash("5000"));
    assert_near(returns.shorts.return_on_group(Horizon::Eoy).map(|part| part * 100.0), 16.666667, 6);
    assert_eq!(returns.options.return_on_group(Horizon::Eoy), None);
    assert_eq!(total.contribution(Horizon::Eoy, None), None);
}

#[test]
fn groups_partition_the_lots() {
    let (portfolio, prices) = example();
    let returns = returns_of(&portfolio, &prices);
    let groups = [returns.longs, returns.shorts, returns.options, returns.rest];
    for horizon in Horizon::ALL.iter().copied() {
        let dollars: crate::Cash = groups.iter().map(|group| group.at(horizon).dollars).sum();
        assert_eq!(dollars, returns.total.at(horizon).dollars);
    }
    assert_eq!(groups.iter().map(|group| group.positions).sum::<usize>(), returns.total.positions);
}

#[test]
fn horizons_are_separate_and_zero_is_a_target() {
    let lot = lot_opened(1, &shares("AAPL", "100", "100", date(2025, 7, 1)));
    let portfolio = after([lot, target(1, "AAPL", PositionType::Long, [Some("230"), None, Some("0")])]);
    let returns = returns_of(&portfolio, &Quoted::default().with("AAPL", today(), "200"));
    assert_eq!(returns.total.eoy.dollars, cash("3000"));
    assert_eq!(returns.total.next_year.positions_with_targets, 0);
    assert_eq!(returns.total.coverage(Horizon::NextYear), Some(0.0));
    assert_eq!(returns.total.downside.dollars, cash("-20000"));
}

#[test]
fn an_option_follows_its_underlying() {
    let occ = "AAPL251219C00210000";
    let lot = || lot_opened(1, &shares(occ, "5", "10", date(2025, 7, 1)));
    let prices = Quoted::default().with(occ, today(), "12");
    for symbol in [occ, "AAPL"] {
        let portfolio =
            after([lot(), target(1, symbol, PositionType::LongCall, [Some("230"), None, Some("100")])]);
        let returns = returns_of(&portfolio, &prices);
        assert_eq!((returns.options.eoy.dollars, returns.options.eoy.intrinsic_only), (cash("4000"), 1));
        assert_eq!(returns.options.downside.dollars, cash("-6000"));
        let values = portfolio.value_on(today(), &prices);
        let model = |contract: &OptionContract, underlying: Price, horizon: Horizon| {
            assert_eq!(
                (contract.strike, underlying),
                (price("210"), price(if horizon == Horizon::Eoy { "230" } else { "100" }))
            );
            Some(price("25"))
        };
        let modelled = portfolio.target_returns(&values, today(), None, &model);
        assert_eq!((modelled.total.eoy.dollars, modelled.total.eoy.intrinsic_only), (cash("6500"), 0));
    }
    let held_shares = after([lot(), target(1, "AAPL", PositionType::Long, [Some("230"), None, None])]);
    assert_eq!(returns_of(&held_shares, &prices).total.eoy.positions_with_targets, 0);
}

#[test]
fn private_lots_are_the_rest_and_unpriced_ones_have_no_exposure() {
    let art = LotDraft {
        investment_class: Some(InvestmentClass::Private),
        ..shares("ART", "1", "100", date(2025, 7, 1))
    };
    let portfolio = after([
        lot_opened(1, &art),
        lot_opened(2, &shares("AAPL", "1", "1", date(2025, 7, 1))),
        target(1, "ART", PositionType::Long, [Some("150"), None, None]),
        target(2, "AAPL", PositionType::Long, [Some("150"), None, None]),
    ]);
    let returns = returns_of(&portfolio, &Quoted::default());
    assert_eq!((returns.rest.eoy.dollars, returns.rest.gross_exposure), (cash("50"), cash("100")));
    assert_eq!((returns.longs.positions, returns.longs.gross_exposure), (1, cash("0")));
    assert_eq!(returns.total.eoy.positions_with_targets, 1);
}

#[test]
fn targets_count_from_the_date_on_which_they_were_said() {
    let (portfolio, _) = example();
    let before = today().yesterday().unwrap();
    let prices = Quoted::default().with("AAPL", before, "200");
    let values = portfolio.value_on(before, &prices);
    let returns = portfolio.target_returns(&values, before, None, &no_model);
    assert_eq!(returns.total.eoy.positions_with_targets, 0);
}
