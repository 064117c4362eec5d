//! Selling and buying back.

use jiff::civil::{Date, date};

use super::support::*;
use crate::portfolio::*;
use crate::position::PositionType;
use crate::testing::given;
use crate::{Decider, Quantity};

fn close(number: u16, units: Option<&str>, exit: &str, on: Date) -> PortfolioCommand {
    let units = units.map(quantity);
    command(
        0,
        PortfolioAct::CloseLot {
            position_id: position(number),
            quantity: units,
            price: price(exit),
            date: on,
        },
    )
}

fn sell(lots: LotChoice, on: Date) -> PortfolioCommand {
    let symbol = "AAPL".parse().unwrap();
    command(
        0,
        PortfolioAct::CloseSymbol {
            symbol,
            position_type: PositionType::Long,
            lots,
            price: price("70"),
            date: on,
        },
    )
}

/// 100 at 50, then 50 at 62.
fn two_lots() -> [PortfolioEvent; 2] {
    let (first, second) = (date(2025, 7, 1), date(2025, 7, 2));
    [lot_opened(2, &shares("AAPL", "100", "50", first)), lot_opened(1, &shares("AAPL", "50", "62", second))]
}

#[test]
fn a_part_of_a_short_is_covered_with_its_gain() {
    let short = shares("AAPL", "-100", "50", date(2025, 7, 1));
    let covered = reduced(1, "40", "45", date(2025, 7, 3), NAMED, "200");
    let state = given::<Portfolio>([opened(), lot_opened(1, &short)])
        .when(close(1, Some("40"), "45", date(2025, 7, 3)))
        .then([covered])
        .state();
    let lot = &state.lots[&position(1)];
    assert_eq!(lot.open_quantity(), quantity("-60"));
    assert_eq!(lot.realized_until(date(2025, 7, 3)), cash("200"));
    assert_eq!(lot.realized_until(date(2025, 7, 2)), cash("0"));
    assert_eq!(lot.open_quantity_on(date(2025, 7, 2)), quantity("-100"));
    assert_eq!(lot.open_quantity_on(date(2025, 6, 30)), Quantity::ZERO);
    assert_eq!(lot.exit(), None);
}

#[test]
fn all_that_is_open_is_closed_where_no_quantity_is_given() {
    let state = after(two_lots());
    let events = state.decide(close(1, None, "70", today())).unwrap();
    assert_eq!(events, [reduced(1, "50", "70", today(), NAMED, "400")]);
    let mut state = state;
    events.iter().for_each(|event| state.evolve(event));
    assert_eq!(state.lots[&position(1)].exit().unwrap().price, price("70"));
    assert_eq!(faults(&state, close(1, None, "70", today())), pairs(&[("close_quantity", "closed")]));
}

#[test]
fn every_broken_rule_of_a_close_is_reported() {
    let state = after(two_lots());
    let wrong = close(1, Some("51"), "-1", date(2025, 7, 15));
    let expected =
        [("exit_price", "out_of_range"), ("exit_date", "future_date"), ("close_quantity", "out_of_range")];
    assert_eq!(faults(&state, wrong), pairs(&expected));
    assert_eq!(
        faults(&state, close(1, Some("0"), "1", today())),
        pairs(&[("close_quantity", "out_of_range")])
    );
    assert_eq!(
        faults(&state, close(1, Some("1"), "1", date(2025, 7, 1))),
        pairs(&[("exit_date", "out_of_range")])
    );
    assert_eq!(state.decide(close(7, None, "1", today())), Err(PortfolioError::NoPosition(position(7))));
    let option = lot_opened(1, &shares("SPY250919C00460000", "1", "1", today()));
    let late = PortfolioCommand { today: date(2025, 9, 22), ..close(1, None, "1", date(2025, 9, 22)) };
    assert_eq!(faults(&after([option]), late), pairs(&[("exit_date", "expired")]));
}

#[test]
fn closes_are_kept_by_date_however_they_are_recorded() {
    let mut state = after(two_lots());
    for (units, on) in [("10", date(2025, 7, 10)), ("5", date(2025, 7, 3)), ("1", date(2025, 7, 10))] {
        let events = state.decide(close(1, Some(units), "70", on)).unwrap();
        events.iter().for_each(|event| state.evolve(event));
    }
    let quantities: Vec<_> = state.lots[&position(1)].reductions.iter().map(|part| part.quantity).collect();
    assert_eq!(quantities, [quantity("5"), quantity("10"), quantity("1")]);
}

#[test]
fn a_sale_over_several_lots_takes_the_first_in_first() {
    let fifo = (ReductionReason::Closed, Matching::Fifo);
    let expected =
        [reduced(2, "100", "70", today(), fifo, "2000"), reduced(1, "20", "70", today(), fifo, "160")];
    let sale = sell(LotChoice::Fifo(quantity("120")), today());
    given::<Portfolio>([vec![opened()], two_lots().to_vec()].concat()).when(sale).then(expected);
    let state = after(two_lots());
    let too_much = sell(LotChoice::Fifo(quantity("151")), today());
    assert_eq!(faults(&state, too_much), pairs(&[("quantity", "out_of_range")]));
    let before_the_second = sell(LotChoice::Fifo(quantity("101")), date(2025, 7, 1));
    assert_eq!(faults(&state, before_the_second), pairs(&[("quantity", "out_of_range")]));
    let nothing = sell(LotChoice::Fifo(quantity("0")), today());
    assert_eq!(faults(&state, nothing), pairs(&[("quantity", "out_of_range")]));
}

#[test]
fn a_sale_may_name_its_lots() {
    let state = after(two_lots());
    let named = |lots: &[(u16, &str)]| {
        let lots = lots.iter().map(|(number, units)| (position(*number), quantity(units))).collect();
        sell(LotChoice::Named(lots), today())
    };
    let events = state.decide(named(&[(1, "30"), (2, "1")])).unwrap();
    let expected =
        [reduced(1, "30", "70", today(), NAMED, "240"), reduced(2, "1", "70", today(), NAMED, "20")];
    assert_eq!(events, expected);
    let wrong = broken(&state, named(&[(1, "51"), (1, "1")]));
    let expected = [("quantity", "out_of_range", 0), ("position_id", "not_unique", 1)];
    let expected: Vec<_> = expected
        .iter()
        .map(|(field, code, row)| ((*field).to_owned(), (*code).to_owned(), Some(*row)))
        .collect();
    assert_eq!(wrong, expected);
    assert_eq!(faults(&state, named(&[])), pairs(&[("lots", "required")]));
    let foreign =
        after([two_lots().to_vec(), vec![lot_opened(3, &shares("MSFT", "1", "1", today()))]].concat());
    assert_eq!(faults(&foreign, named(&[(3, "1")])), pairs(&[("position_id", "mismatch")]));
}
