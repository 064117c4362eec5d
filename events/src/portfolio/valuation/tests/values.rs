//! Market value, cost, P&L, exposures, cash and leverage.

use jiff::civil::date;

use super::{Quoted, assert_near};
use crate::portfolio::tests::support::*;
use crate::portfolio::valuation::*;
use crate::portfolio::*;
use crate::position::InvestmentClass;
use crate::{Cash, Portfolio};

/// A long, a short, a held call and a written put, as the calculations table them.
fn table() -> (Portfolio, Quoted) {
    let entered = date(2025, 7, 1);
    let portfolio = after([
        lot_opened(1, &shares("LONG", "100", "150", entered)),
        lot_opened(2, &shares("OWED", "-50", "220", entered)),
        lot_opened(3, &shares("SPY250919C00460000", "10", "4", entered)),
        lot_opened(4, &shares("SPY250919P00460000", "-4", "3", entered)),
    ]);
    let prices = Quoted::default()
        .with("LONG", today(), "180")
        .with("OWED", today(), "200")
        .with("SPY250919C00460000", today(), "5")
        .with("SPY250919P00460000", today(), "3.5");
    (portfolio, prices)
}

fn value_of<'a>(values: &'a [LotValue<'a>], number: u16) -> &'a LotValue<'a> {
    values.iter().find(|value| value.position_id == position(number)).unwrap()
}

#[test]
fn values_and_gains_are_signed_and_know_the_contract() {
    let (portfolio, prices) = table();
    let values = portfolio.value_on(today(), &prices);
    for (number, worth, unrealized, percent) in [
        (1, "18000", "3000", 20.0),
        (2, "-10000", "1000", 9.0909),
        (3, "5000", "1000", 25.0),
        (4, "-1400", "-200", -16.6667),
    ] {
        let value = value_of(&values, number);
        assert_eq!(value.market_value(), Some(cash(worth)), "{number}");
        assert_eq!(value.worth.unwrap().unrealized, cash(unrealized), "{number}");
        assert_near(value.unrealized_fraction().map(|fraction| fraction * 100.0), percent, 4);
    }
}

#[test]
fn a_part_that_was_covered_is_realised_and_the_rest_is_not() {
    let portfolio = after([
        lot_opened(1, &shares("OWED", "-100", "50", date(2025, 7, 1))),
        reduced(1, "40", "45", date(2025, 7, 3), NAMED, "200"),
    ]);
    let prices = Quoted::default().with("OWED", today(), "46");
    let values = portfolio.value_on(today(), &prices);
    assert_eq!((values[0].realized, values[0].worth.unwrap().unrealized), (cash("200"), cash("240")));
    assert_eq!(portfolio.realized_until(today()), cash("200"));
}

#[test]
fn lots_of_a_symbol_merge_at_the_cost_weighted_entry() {
    let entered = date(2025, 7, 1);
    let portfolio = after([
        lot_opened(1, &shares("AAPL", "100", "50", entered)),
        lot_opened(2, &shares("AAPL", "50", "62", entered)),
        lot_opened(3, &shares("AAPL", "-10", "60", entered)),
    ]);
    let prices = Quoted::default().with("AAPL", today(), "60");
    let merged = SymbolValue::merged(&portfolio.value_on(today(), &prices));
    let found: Vec<_> =
        merged.iter().map(|value| (value.quantity, value.entry_price, value.market_value)).collect();
    let expected = [
        (quantity("150"), price("54"), Some(cash("9000"))),
        (quantity("-10"), price("60"), Some(cash("-600"))),
    ];
    assert_eq!(found, expected);
    let unpriced = SymbolValue::merged(&portfolio.value_on(today(), &Quoted::default()));
    assert_eq!(unpriced[0].market_value, None);
}

#[test]
fn exposures_cash_and_leverage_of_the_table() {
    let (portfolio, prices) = table();
    let standing = Standing::of(&portfolio.value_on(today(), &prices), Some(cash("50000")));
    let market = standing.at_market;
    let amounts = [market.long, market.short, market.short_abs(), market.gross(), market.net()];
    assert_eq!(amounts, ["23000", "-11400", "11400", "34400", "11600"].map(cash));
    assert_eq!(standing.cash(), Some(cash("38400")));
    assert_near(standing.leverage().ok(), 0.688, 12);
    assert_near(standing.of_equity(market.long).ok(), 0.46, 12);
    assert_near(standing.of_equity(market.short).ok(), -0.228, 12);
    assert_near(standing.of_equity(market.net()).ok(), 0.232, 12);
    let entry = standing.at_entry;
    assert_eq!([entry.long, entry.short], ["19000", "-12200"].map(cash));
    assert_eq!(standing.cash_at_entry(), Some(cash("43200")));
    let counts = [standing.position_count, standing.long_count, standing.short_count, standing.option_count];
    assert_eq!(counts, [4, 2, 2, 2]);
}

#[test]
fn the_authoritative_hedge_fund_adds_up() {
    let exposure = Exposure { long: cash("3199588.59"), short: cash("-1599899.68") };
    let standing = Standing { equity: Some(cash("3200000")), at_entry: exposure, ..Standing::default() };
    assert_eq!((exposure.gross(), exposure.net()), (cash("4799488.27"), cash("1599688.91")));
    assert_eq!(standing.cash_at_entry(), Some(cash("1600311.09")));
    assert_near(standing.leverage_at_entry().ok(), 1.499840, 6);
}

#[test]
fn without_positive_equity_there_are_no_ratios_but_cash_may_be_owed() {
    let (portfolio, prices) = table();
    let values = portfolio.value_on(today(), &prices);
    for equity in [None, Some(Cash::ZERO), Some(cash("-1"))] {
        assert_eq!(Standing::of(&values, equity).leverage(), Err(NoRatio::NoEquityBalance));
    }
    assert_eq!(Standing::of(&values, None).cash(), None);
    assert_eq!(Standing::of(&values, Some(cash("1000"))).cash(), Some(cash("-10600")));
}

#[test]
fn a_close_values_ten_more_sessions_and_says_how_old_it_is() {
    let portfolio = after([lot_opened(1, &shares("AAPL", "1", "1", date(2025, 6, 2)))]);
    let worth_with = |priced, on| {
        let prices = Quoted::default().with("AAPL", priced, "7");
        portfolio.value_on(on, &prices)[0].worth
    };
    // Ten sessions before Monday, 14 July lie a weekend, Independence Day and another weekend.
    let oldest = worth_with(date(2025, 6, 27), today()).unwrap();
    assert_eq!((oldest.price.price_date, oldest.price.stale_sessions(today())), (date(2025, 6, 27), 10));
    assert_eq!(worth_with(date(2025, 6, 26), today()), Err(Unpriced::NoClose));
    let weekend = worth_with(date(2025, 7, 11), date(2025, 7, 13)).unwrap();
    assert_eq!(weekend.price.stale_sessions(date(2025, 7, 13)), 0);
    assert_eq!(worth_with(date(2025, 7, 15), today()), Err(Unpriced::NoClose), "never a later one");
}

#[test]
fn what_nobody_prices_says_why() {
    let call = shares("SPY250711C00460000", "1", "1", date(2025, 7, 1));
    let portfolio = after([
        lot_opened(1, &LotDraft { exit_date: Some(date(2025, 7, 11)), exit_price: Some(price("1")), ..call }),
        lot_opened(2, &shares("SPY250919C00460000", "1", "1", date(2025, 7, 1))),
    ]);
    let values = portfolio.value_on(today(), &Quoted::default());
    let reasons: Vec<_> = [1, 2].map(|number| value_of(&values, number).worth.unwrap_err()).into();
    assert_eq!(reasons, [Unpriced::OptionExpired, Unpriced::NoOptionPrice]);
    assert_eq!(Standing::of(&values, None).unpriced_count, 2);
}

#[test]
fn private_lots_are_worth_their_latest_mark_or_what_they_cost() {
    let art = LotDraft {
        investment_class: Some(InvestmentClass::Private),
        ..shares("FO_ART", "2", "100", date(2025, 1, 2))
    };
    let mut portfolio = after([lot_opened(1, &art)]);
    let priced = |portfolio: &Portfolio, on| {
        let worth = portfolio.value_on(on, &Quoted::default())[0].worth.unwrap();
        (worth.market_value, worth.price.source, worth.price.price_date)
    };
    assert_eq!(priced(&portfolio, today()), (cash("200"), PriceSource::Cost, date(2025, 1, 2)));
    let mark_date = date(2025, 3, 3);
    let note = Some("appraisal".to_owned());
    does(
        &mut portfolio,
        1,
        PortfolioAct::MarkLot { position_id: position(1), mark_date, price: price("0"), note },
    );
    assert_eq!(priced(&portfolio, today()), (cash("0"), PriceSource::Mark, mark_date));
    assert_eq!(priced(&portfolio, date(2025, 2, 3)).1, PriceSource::Cost, "as it was before the mark");
}

#[test]
fn a_lot_that_cost_nothing_has_no_percentage() {
    let portfolio = after([lot_opened(1, &shares("AAPL", "1", "0", date(2025, 7, 1)))]);
    let values = portfolio.value_on(today(), &Quoted::default().with("AAPL", today(), "5"));
    assert_eq!((values[0].worth.unwrap().unrealized, values[0].unrealized_fraction()), (cash("5"), None));
}
