//! Entering lots, correcting them, taking them back, tagging and marking them.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::support::*;
use crate::portfolio::*;
use crate::position::{InvestmentClass, InvestmentSubtype, OptionRight, PositionType};
use crate::testing::given;
use crate::{Decider, Quantity};

fn one(draft: LotDraft) -> PortfolioCommand {
    open(vec![new_lot(1, draft)])
}

fn long() -> LotDraft {
    shares("aapl", "100", "150", date(2025, 7, 1))
}

fn call() -> LotDraft {
    LotDraft {
        quantity: quantity("10"),
        entry_price: price("4"),
        ..shares("SPY250919C00460000", "10", "4", today())
    }
}

fn terms_of(draft: LotDraft) -> LotTerms {
    after([])
        .decide(one(draft))
        .map(|events| match events.into_iter().next() {
            Some(PortfolioEvent::LotOpened(opened)) => opened.terms,
            other => panic!("not entered: {other:?}"),
        })
        .unwrap()
}

fn lot_faults(draft: LotDraft) -> Vec<(String, String)> {
    faults(&after([]), one(draft))
}

#[test]
fn a_lot_is_entered_and_the_same_id_twice_is_once() {
    given::<Portfolio>([opened()]).when(one(long())).then([lot_opened(1, &long())]);
    given::<Portfolio>([opened(), lot_opened(1, &long())]).when(one(long())).then([]);
    let mixed = open(vec![new_lot(1, long()), new_lot(2, long())]);
    let exists = PortfolioError::PositionExists(position(1));
    given::<Portfolio>([opened(), lot_opened(1, &long())]).when(mixed).refused(exists);
}

#[test]
fn type_class_and_contract_follow_from_what_is_given() {
    let stock = terms_of(long());
    assert_eq!(
        (stock.symbol.as_str(), stock.position_type, stock.multiplier),
        ("AAPL", PositionType::Long, 1)
    );
    assert_eq!(terms_of(shares("AAPL", "-1", "1", today())).position_type, PositionType::Short);
    let call = terms_of(call());
    assert_eq!(
        (call.investment_class, call.position_type),
        (InvestmentClass::Options, PositionType::LongCall)
    );
    assert_eq!((call.multiplier, call.cost()), (100, cash("4000")));
    let by_parts = LotDraft {
        symbol: String::new(),
        underlying_symbol: Some("brk.b".to_owned()),
        strike_price: Some(price("500")),
        expiration_date: Some(date(2025, 9, 19)),
        option_type: Some(OptionRight::Put),
        ..shares("", "-2", "3", today())
    };
    let put = terms_of(by_parts);
    assert_eq!((put.symbol.as_str(), put.position_type), ("BRKB250919P00500000", PositionType::ShortPut));
    assert_eq!(put.option.unwrap().underlying.as_str(), "BRK.B");
    let art = LotDraft {
        investment_subtype: Some(InvestmentSubtype::Art),
        ..shares(&"A".repeat(64), "1", "5", today())
    };
    assert_eq!(terms_of(art).investment_class, InvestmentClass::Private);
    let dollars = terms_of(shares("cash_usd", "500", "1", today()));
    assert_eq!((dollars.investment_class, dollars.cost()), (InvestmentClass::Private, cash("500")));
    let odd = LotDraft { multiplier: Some(10), ..self::call() };
    assert_eq!(terms_of(odd).cost(), cash("400"));
}

#[test]
fn nothing_may_be_entered_for_nothing_but_it_is_said() {
    let free = shares("AAPL", "1", "0", date(2025, 7, 1));
    assert_eq!(terms_of(free.clone()).entry_price, price("0"));
    let drafts = [free.clone(), long(), free];
    let portfolio = after([lot_opened(9, &shares("MSFT", "1", "1", today()))]);
    let warnings = lot_warnings(&portfolio, &drafts, today());
    let found: Vec<_> = warnings.iter().map(|warning| (warning.row, warning.code)).collect();
    let expected =
        [(0, "zero_entry_price"), (1, "repeated_lot"), (2, "zero_entry_price"), (2, "identical_row")];
    assert_eq!(found, expected);
    let part = LotDraft { quantity: quantity("2.5"), ..call() };
    let part = lot_warnings(&portfolio, &[part], today());
    assert_eq!(part.first().map(|warning| warning.code), Some("fractional_contracts"));
    let held = lot_warnings(&portfolio, &[shares("MSFT", "1", "1", today())], today());
    assert_eq!(held.first().map(|warning| warning.code), Some("identical_row"));
}

#[test]
fn sign_type_class_and_subtype_must_agree() {
    let short = LotDraft { position_type: Some(PositionType::Short), ..long() };
    assert_eq!(lot_faults(short), pairs(&[("quantity", "sign_mismatch")]));
    let shares_as_call = LotDraft {
        position_type: Some(PositionType::LongCall),
        investment_class: Some(InvestmentClass::Public),
        ..long()
    };
    assert_eq!(lot_faults(shares_as_call), pairs(&[("position_type", "mismatch")]));
    let written = LotDraft { position_type: Some(PositionType::ShortCall), ..call() };
    assert_eq!(lot_faults(written), pairs(&[("quantity", "sign_mismatch")]));
    let put = LotDraft { position_type: Some(PositionType::LongPut), ..call() };
    assert_eq!(lot_faults(put), pairs(&[("position_type", "mismatch")]));
    let stock_call = LotDraft { investment_subtype: Some(InvestmentSubtype::Stock), ..call() };
    assert_eq!(lot_faults(stock_call), pairs(&[("investment_subtype", "mismatch")]));
    let called_put = LotDraft { investment_subtype: Some(InvestmentSubtype::Put), ..call() };
    assert_eq!(lot_faults(called_put), pairs(&[("investment_subtype", "conflict")]));
}

#[test]
fn options_need_a_contract_that_agrees_with_itself_and_is_alive() {
    let bare =
        LotDraft { investment_class: Some(InvestmentClass::Options), ..shares("SPY", "1", "1", today()) };
    let missing = ["underlying_symbol", "strike_price", "expiration_date", "option_type"];
    assert_eq!(lot_faults(bare), pairs(&missing.map(|field| (field, "required"))));
    let other = LotDraft {
        underlying_symbol: Some("QQQ".to_owned()),
        strike_price: Some(price("461")),
        expiration_date: Some(date(2025, 9, 20)),
        option_type: Some(OptionRight::Put),
        ..call()
    };
    let conflicts = ["strike_price", "expiration_date", "option_type", "underlying_symbol"];
    assert_eq!(lot_faults(other), pairs(&conflicts.map(|field| (field, "conflict"))));
    let expired =
        LotDraft { symbol: "SPY250711C00460000".to_owned(), entry_date: Some(date(2025, 7, 1)), ..call() };
    // What expired since is history, of which somebody still has to say how it ended.
    let warnings = lot_warnings(&after([]), std::slice::from_ref(&expired), today());
    assert_eq!(warnings.first().map(|warning| warning.code), Some("option_expired"));
    let entered_late = LotDraft { entry_date: None, ..expired.clone() };
    assert_eq!(lot_faults(entered_late), pairs(&[("expiration_date", "expired")]));
    let sold =
        LotDraft { exit_date: Some(date(2025, 7, 11)), exit_price: Some(price("5")), ..expired.clone() };
    assert!(after([]).decide(one(sold)).is_ok());
    let sold_late = LotDraft { exit_date: Some(today()), exit_price: Some(price("5")), ..expired };
    assert_eq!(lot_faults(sold_late), pairs(&[("exit_date", "out_of_range")]));
    let impossible = LotDraft { symbol: "SPY250230C00460000".to_owned(), ..call() };
    assert_eq!(lot_faults(impossible), pairs(&[("symbol", "invalid")]));
    let stock = LotDraft {
        investment_class: Some(InvestmentClass::Public),
        strike_price: Some(price("1")),
        ..long()
    };
    assert_eq!(lot_faults(stock), pairs(&[("strike_price", "not_allowed")]));
}

#[test]
fn every_broken_rule_of_every_row_is_reported_with_its_row() {
    let wrong = LotDraft {
        symbol: "A B".to_owned(),
        quantity: Quantity::ZERO,
        entry_price: price("-0.0000001"),
        entry_date: Some(today().tomorrow().unwrap()),
        multiplier: Some(100),
        notes: Some("x".repeat(1_001)),
        tag_ids: (0..21).map(tag).collect(),
        exit_price: Some(price("1")),
        ..LotDraft::default()
    };
    let ancient = shares("AAPL", "1", "1", date(1924, 12, 31));
    let long_symbol = shares(&"A".repeat(33), "1", "1", today());
    let lots = vec![new_lot(1, wrong), new_lot(2, long()), new_lot(2, ancient), new_lot(3, long_symbol)];
    let expected = [
        ("symbol", "invalid", 0),
        ("quantity", "out_of_range", 0),
        ("entry_price", "out_of_range", 0),
        ("entry_price", "too_precise", 0),
        ("entry_date", "future_date", 0),
        ("multiplier", "out_of_range", 0),
        ("notes", "too_long", 0),
        ("tag_ids", "too_long", 0),
        ("exit_date", "required", 0),
        ("position_id", "not_unique", 2),
        ("entry_date", "out_of_range", 2),
        ("symbol", "invalid", 3),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(field, code, row)| ((*field).to_owned(), (*code).to_owned(), Some(*row)))
        .collect();
    assert_eq!(broken(&after([]), open(lots)), expected);
    let none = (("positions").to_owned(), "required".to_owned(), None);
    assert_eq!(broken(&after([]), open(vec![])), vec![none]);
    let many = (0..10_001).map(|number| new_lot(number, long())).collect();
    assert_eq!(faults(&after([]), open(many)), pairs(&[("positions", "too_long")]));
}

#[test]
fn a_lot_that_was_closed_before_it_is_entered_has_its_gain() {
    let sold = LotDraft { exit_date: Some(date(2025, 7, 3)), exit_price: Some(price("154")), ..long() };
    let reduced = reduced(1, "100", "154", date(2025, 7, 3), NAMED, "400");
    given::<Portfolio>([opened()]).when(one(sold)).then([lot_opened(1, &long()), reduced]);
    let early = LotDraft { exit_date: Some(date(2025, 6, 30)), exit_price: Some(price("1")), ..long() };
    assert_eq!(lot_faults(early), pairs(&[("exit_date", "out_of_range")]));
    let no_price = LotDraft { exit_date: Some(date(2025, 7, 3)), ..long() };
    assert_eq!(lot_faults(no_price), pairs(&[("exit_price", "required")]));
}

#[test]
fn an_import_replaces_everything_in_one_go() {
    let state = after([lot_opened(1, &long()), lot_opened(2, &call())]);
    let replace = command(1, PortfolioAct::ReplaceLots(vec![new_lot(3, long())]));
    let events = state.decide(replace.clone()).unwrap();
    let mut replaced = state.clone();
    events.iter().for_each(|event| replaced.evolve(event));
    assert_eq!(replaced.lots.keys().copied().collect::<Vec<_>>(), [position(3)]);
    assert_eq!(replaced.decide(replace), Ok(vec![]));
    let clash = command(1, PortfolioAct::ReplaceLots(vec![new_lot(1, long())]));
    assert_eq!(state.decide(clash), Err(PortfolioError::PositionExists(position(1))));
    let faulty = command(1, PortfolioAct::ReplaceLots(vec![new_lot(3, shares("", "1", "1", today()))]));
    assert_eq!(faults(&state, faulty), pairs(&[("symbol", "required")]));
}

fn correct(minutes: i64, correction: LotCorrection) -> PortfolioCommand {
    command(minutes, PortfolioAct::CorrectLot { position_id: position(1), correction: Box::new(correction) })
}

#[test]
fn a_correction_was_true_all_the_time() {
    let sold = reduced(1, "40", "154", date(2025, 7, 3), NAMED, "160");
    let mut state = after([lot_opened(1, &long()), sold]);
    let correction = LotCorrection {
        entry_price: Some(price("151")),
        notes: Some(Some("as billed".to_owned())),
        ..LotCorrection::default()
    };
    let events = state.decide(correct(60, correction.clone())).unwrap();
    events.iter().for_each(|event| state.evolve(event));
    let lot = &state.lots[&position(1)];
    assert_eq!(lot.realized_until(today()), cash("120"));
    assert_eq!((lot.open_quantity(), lot.updated_at), (quantity("60"), at(60)));
    assert_eq!(state.decide(correct(61, correction)), Ok(vec![]));
    let wrong = LotCorrection {
        quantity: Some(quantity("-30")),
        entry_price: Some(price("-1")),
        ..LotCorrection::default()
    };
    let expected =
        [("quantity", "sign_mismatch"), ("quantity", "out_of_range"), ("entry_price", "out_of_range")];
    assert_eq!(faults(&state, correct(61, wrong)), pairs(&expected));
    let zero = LotCorrection { quantity: Some(Quantity::ZERO), ..LotCorrection::default() };
    assert_eq!(
        faults(&after([lot_opened(1, &long())]), correct(61, zero)),
        pairs(&[("quantity", "out_of_range")])
    );
}

#[test]
fn a_short_can_be_corrected_to_a_long_with_its_sign() {
    let flip = LotCorrection {
        quantity: Some(quantity("-100")),
        position_type: Some(PositionType::Short),
        ..LotCorrection::default()
    };
    let events = after([lot_opened(1, &long())]).decide(correct(1, flip)).unwrap();
    assert!(
        matches!(&events[..], [PortfolioEvent::LotCorrected(corrected)] if corrected.terms.position_type == PositionType::Short)
    );
}

#[test]
fn a_symbol_can_be_corrected_for_five_minutes() {
    let rename = |symbol: &str| LotCorrection { symbol: Some(symbol.to_owned()), ..LotCorrection::default() };
    let state = after([lot_opened(1, &long())]);
    assert_eq!(state.decide(correct(5, rename("msft"))).unwrap().len(), 1);
    assert_eq!(state.decide(correct(6, rename("aapl"))), Ok(vec![]));
    assert_eq!(faults(&state, correct(6, rename("msft"))), pairs(&[("symbol", "too_late")]));
    assert_eq!(faults(&state, correct(1, rename("M S"))), pairs(&[("symbol", "invalid")]));
    let option = after([lot_opened(1, &call())]);
    assert_eq!(option.decide(correct(1, rename("SPY250919C00470000"))).unwrap().len(), 1);
    assert_eq!(
        faults(&option, correct(1, rename("SPY250919P00460000"))),
        pairs(&[("position_type", "mismatch")])
    );
    assert_eq!(faults(&option, correct(1, rename("SPY250711C00460000"))), pairs(&[("symbol", "expired")]));
    let unknown = correct(1, rename("msft"));
    assert_eq!(after([]).decide(unknown), Err(PortfolioError::NoPosition(position(1))));
}

#[test]
fn a_lot_is_taken_back_softly_or_soon_for_good() {
    let delete =
        |minutes, how| command(minutes, PortfolioAct::DeleteLots { position_ids: vec![position(1)], how });
    let tagged = LotDraft { tag_ids: [tag(1)].into(), ..long() };
    let state = after([lot_opened(1, &tagged)]);
    let mut soft = state.clone();
    does(&mut soft, 60, PortfolioAct::DeleteLots { position_ids: vec![position(1); 2], how: Deletion::Soft });
    assert_eq!(soft.lots[&position(1)].deleted_at, Some(at(60)));
    assert_eq!((soft.holdings_on(today()).len(), soft.lots[&position(1)].tags.len()), (0, 0));
    assert_eq!(soft.decide(delete(61, Deletion::Soft)), Ok(vec![]));
    let mut hard = state.clone();
    does(&mut hard, 5, PortfolioAct::DeleteLots { position_ids: vec![position(1)], how: Deletion::Hard });
    assert!(hard.lots.is_empty());
    assert_eq!(
        state.decide(delete(6, Deletion::Hard)),
        Err(PortfolioError::HardDeleteWindowOver(position(1)))
    );
    assert_eq!(hard.decide(delete(6, Deletion::Soft)), Err(PortfolioError::NoPosition(position(1))));
    assert_eq!(faults(&state, delete(1, Deletion::Replaced)), pairs(&[("type", "not_allowed")]));
    let too_many = PortfolioAct::DeleteLots { position_ids: vec![position(1); 501], how: Deletion::Soft };
    assert_eq!(faults(&state, command(1, too_many)), pairs(&[("position_ids", "too_long")]));
}

#[test]
fn tags_are_added_replaced_and_removed_up_to_twenty() {
    let act = |tags: &[u8], how| {
        let tag_ids: BTreeSet<_> = tags.iter().map(|number| tag(*number)).collect();
        PortfolioAct::TagLots { position_ids: vec![position(1)], tag_ids, how }
    };
    let mut state = after([lot_opened(1, &long())]);
    does(&mut state, 1, act(&[1, 2], TagChange::Add));
    does(&mut state, 1, act(&[2, 3], TagChange::Add));
    assert_eq!(state.lots[&position(1)].tags, [tag(1), tag(2), tag(3)].into());
    assert_eq!(state.decide(command(1, act(&[3], TagChange::Add))), Ok(vec![]));
    does(&mut state, 1, act(&[1], TagChange::Remove));
    does(&mut state, 1, act(&[4], TagChange::Replace));
    assert_eq!(state.lots[&position(1)].tags, [tag(4)].into());
    let many: Vec<_> = (10..30).collect();
    let expected = ("tag_ids".to_owned(), "too_long".to_owned(), Some(0));
    assert_eq!(broken(&state, command(1, act(&many, TagChange::Add))), vec![expected]);
    let unknown = PortfolioAct::TagLots {
        position_ids: vec![position(2)],
        tag_ids: [tag(1)].into(),
        how: TagChange::Add,
    };
    assert_eq!(state.decide(command(1, unknown)), Err(PortfolioError::NoPosition(position(2))));
}

#[test]
fn only_private_lots_are_valued_by_hand() {
    let art = LotDraft {
        investment_class: Some(InvestmentClass::Private),
        ..shares("FO_ART", "1", "100", date(2025, 7, 1))
    };
    let mark = |number, on, at_price: &str| PortfolioAct::MarkLot {
        position_id: position(number),
        mark_date: on,
        price: price(at_price),
        note: None,
    };
    let mut state = after([lot_opened(1, &art), lot_opened(2, &long())]);
    does(&mut state, 1, mark(1, date(2025, 7, 3), "120"));
    does(&mut state, 2, mark(1, date(2025, 7, 3), "110"));
    assert_eq!(state.decide(command(3, mark(1, date(2025, 7, 3), "110"))), Ok(vec![]));
    let found = state.mark_on(position(1), today()).unwrap();
    assert_eq!((found.0, found.1.price), (date(2025, 7, 3), price("110")));
    assert_eq!(state.mark_on(position(1), date(2025, 7, 2)), None);
    assert_eq!(
        faults(&state, command(1, mark(2, today(), "1"))),
        pairs(&[("investment_class", "not_allowed")])
    );
    let wrong = [("price", "out_of_range"), ("mark_date", "future_date")];
    assert_eq!(faults(&state, command(1, mark(1, date(2025, 7, 15), "-1"))), pairs(&wrong));
    assert_eq!(
        faults(&state, command(1, mark(1, date(2025, 6, 30), "1"))),
        pairs(&[("mark_date", "out_of_range")])
    );
}
