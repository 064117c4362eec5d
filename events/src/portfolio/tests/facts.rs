//! Facts: a read model keeps them one by one and loses nothing.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::support::*;
use crate::portfolio::*;
use crate::position::{InvestmentClass, PositionType};
use crate::{Decider, Quantity};

fn on(day: i8) -> Date {
    date(2025, 7, day)
}

fn lot_draft() -> impl Strategy<Value = LotDraft> {
    let shares_of = (1_i64..1_000, any::<bool>(), 0_i64..10_000, 1_i8..=14, 0_usize..3);
    shares_of.prop_map(|(units, is_short, entry, day, kind)| {
        let units = Quantity::whole(if is_short { -units } else { units }).unwrap();
        let (symbol, class) = match kind {
            0 => ("AAPL", InvestmentClass::Public),
            1 => ("SPY250919C00460000", InvestmentClass::Options),
            _ => ("FO_ART", InvestmentClass::Private),
        };
        LotDraft {
            symbol: symbol.to_owned(),
            quantity: units,
            entry_price: crate::Price::from_units(entry * 1_000_000),
            entry_date: Some(on(day)),
            investment_class: Some(class),
            ..LotDraft::default()
        }
    })
}

fn act() -> impl Strategy<Value = PortfolioAct> {
    let lot = 0_u16..8;
    prop_oneof![
        4 => (0_u16..8, lot_draft()).prop_map(|(number, draft)| PortfolioAct::OpenLots(vec![new_lot(number, draft)])),
        1 => (8_u16..12, lot_draft()).prop_map(|(number, draft)| PortfolioAct::ReplaceLots(vec![new_lot(number, draft)])),
        4 => (lot.clone(), 1_i64..500, 1_i8..=14).prop_map(|(number, units, day)| PortfolioAct::CloseLot {
            position_id: position(number), quantity: Quantity::whole(units), price: price("12.5"), date: on(day),
        }),
        2 => (1_i64..1_500, 1_i8..=14).prop_map(|(units, day)| PortfolioAct::CloseSymbol {
            symbol: "AAPL".parse().unwrap(), position_type: PositionType::Long,
            lots: LotChoice::Fifo(Quantity::whole(units).unwrap()), price: price("9"), date: on(day),
        }),
        1 => lot.clone().prop_map(|number| PortfolioAct::DeleteLots { position_ids: vec![position(number)], how: Deletion::Soft }),
        1 => lot.clone().prop_map(|number| PortfolioAct::DeleteLots { position_ids: vec![position(number)], how: Deletion::Hard }),
        2 => (lot.clone(), 0_u8..4).prop_map(|(number, tagged)| PortfolioAct::TagLots {
            position_ids: vec![position(number)], tag_ids: [tag(tagged)].into(), how: TagChange::Add,
        }),
        2 => (lot.clone(), 1_i8..=14, 1_i64..99).prop_map(|(number, day, units)| PortfolioAct::MarkLot {
            position_id: position(number), mark_date: on(day), price: crate::Price::whole(units).unwrap(), note: None,
        }),
        1 => (lot.clone(), 1_i64..99).prop_map(|(number, units)| PortfolioAct::CorrectLot {
            position_id: position(number),
            correction: Box::new(LotCorrection { entry_price: crate::Price::whole(units), ..LotCorrection::default() }),
        }),
        1 => lot.prop_map(|number| PortfolioAct::SettleOption(SettleOption {
            position_id: position(number), outcome: OptionOutcome::Exercised, contracts: None, date: today(),
            shares_position_id: position(number + 100),
        })),
        2 => (0_u8..4, 1_i64..999, 1_i8..=14).prop_map(|(number, amount, day)| PortfolioAct::RecordEquityChange {
            equity_change_id: flow_id(number),
            draft: EquityChangeDraft {
                change_type: EquityChangeKind::Contribution, amount: crate::Cash::whole(amount).unwrap(),
                change_date: on(day), notes: None,
            },
            equity: None,
        }),
        1 => (0_u8..4).prop_map(|number| PortfolioAct::DeleteEquityChange { equity_change_id: flow_id(number) }),
        1 => (1_i8..=14, 1_i64..999).prop_map(|(day, equity)| PortfolioAct::AdjustEquity {
            adjustment_date: on(day), equity: crate::Cash::whole(equity).unwrap(), notes: None,
        }),
        2 => (0_u8..4, 1_i64..99).prop_map(|(number, eoy)| PortfolioAct::CreateTargets {
            targets: vec![(target_id(number), TargetDraft {
                symbol: format!("S{number}"), position_type: None, position_id: None,
                prices: TargetPrices { eoy: crate::Price::whole(eoy), ..TargetPrices::default() },
            })],
            existing: ExistingTarget::Update,
        }),
        1 => (0_u8..4).prop_map(|number| PortfolioAct::RemoveTargets(vec![target_id(number)])),
    ]
}

/// Every history that these requests lead to, refusals left out.
pub(in crate::portfolio) fn histories() -> impl Strategy<Value = Vec<PortfolioEvent>> {
    proptest::collection::vec(act(), 0..40).prop_map(|acts| {
        let (mut state, mut history) = (after([]), vec![opened()]);
        for (minutes, act) in (0..).zip(acts) {
            for event in state.decide(command(minutes, act)).unwrap_or_default() {
                state.evolve(&event);
                history.push(event);
            }
        }
        history
    })
}

proptest! {
    #[test]
    fn facts_are_all_of_a_portfolio(history in histories()) {
        let mut state = Portfolio::default();
        history.iter().for_each(|event| state.evolve(event));
        prop_assert_eq!(&Portfolio::from_facts(state.facts()), &state);
        for fact in state.facts() {
            prop_assert_eq!(state.fact(fact.key()), Some(fact.clone()));
            let json = serde_json::to_string(&fact).unwrap();
            prop_assert_eq!(serde_json::from_str::<PortfolioFact>(&json).unwrap(), fact);
        }
        let json = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<Portfolio>(&json).unwrap(), state);
    }

    #[test]
    fn an_event_needs_and_changes_only_the_fact_that_it_names(history in histories()) {
        let mut rows = std::collections::BTreeMap::new();
        let mut state = Portfolio::default();
        for event in &history {
            let key = event.touched();
            let mut part = Portfolio::from_facts(rows.get(&key).cloned());
            part.evolve(event);
            match part.fact(key) {
                Some(fact) => rows.insert(key, fact),
                None => rows.remove(&key),
            };
            prop_assert_eq!(part.facts().count(), usize::from(rows.contains_key(&key)), "nothing but that fact");
            state.evolve(event);
        }
        prop_assert_eq!(Portfolio::from_facts(rows.into_values()), state);
    }

    #[test]
    fn lots_shrink_towards_nothing_and_their_gains_are_those_of_their_parts(history in histories()) {
        let mut state = Portfolio::default();
        history.iter().for_each(|event| state.evolve(event));
        for (_, lot) in state.existing_lots() {
            let open = lot.open_quantity();
            prop_assert_eq!(open.abs() + lot.reduced_quantity(), lot.terms.quantity.abs());
            prop_assert!(open.is_zero() || open.is_negative() == lot.terms.quantity.is_negative());
            prop_assert!(lot.reductions.iter().all(|part| part.date >= lot.terms.entry_date));
            prop_assert!(lot.reductions.is_sorted_by_key(|part| part.date));
            let open_at_exit = worth(open, price("10"), lot.terms.multiplier) - worth(open, lot.terms.entry_price, lot.terms.multiplier);
            let proceeds: crate::Cash = lot.reductions.iter()
                .map(|part| worth(lot.terms.signed(part.quantity), part.price, lot.terms.multiplier)).sum();
            let all = proceeds + worth(open, price("10"), lot.terms.multiplier) - lot.terms.cost();
            prop_assert_eq!(lot.realized_until(today()) + open_at_exit, all, "realised and unrealised add up");
        }
    }
}

#[test]
fn facts_have_stored_names_and_dates() {
    let portfolio = after([lot_opened(1, &shares("AAPL", "1", "1", on(3)))]);
    let rows: Vec<_> =
        portfolio.facts().map(|fact| (fact.key().kind(), fact.key().key(), fact.effective_date())).collect();
    let expected = [("settings", String::new(), Some(on(1))), ("lot", position(1).to_string(), Some(on(3)))];
    assert_eq!(rows, expected);
    assert_eq!(FactKey::Mark(position(1), on(3)).key(), format!("{}/2025-07-03", position(1)));
}

#[test]
fn events_say_from_when_on_values_change() {
    let edited = PortfolioEvent::EquityChangeEdited(EquityChangeEdited {
        equity_change_id: flow_id(1),
        amount: cash("1"),
        change_date: on(10),
        notes: None,
        change_date_before: on(3),
        at: at(0),
    });
    assert_eq!(edited.revalues_from(), Some(on(3)));
    assert_eq!(lot_opened(1, &shares("AAPL", "1", "1", on(3))).revalues_from(), Some(on(3)));
    let tagged =
        PortfolioEvent::LotTagged(LotTagged { position_id: position(1), tags: [].into(), at: at(0) });
    assert_eq!(tagged.revalues_from(), None);
}
