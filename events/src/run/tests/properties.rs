//! What holds for every run, whatever is ordered.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::support::{Told, daily, every, script, terms};
use crate::market::{Bars, Columns};
use crate::model::{Gates, Limit, LossResponse, Risk, Rule};
use crate::policy::{FillRule, Order, OrderKind, OrderSide, TimeInForce, Trail};
use crate::run::recheck::recheck;
use crate::run::{Action, RunEvent, RunSnapshot};
use crate::{Cash, Interval, Price, Quantity, Rate};

const NAMES: [&str; 3] = ["AAA", "BBB", "CCC"];

prop_compose! {
    /// A bar with its extremes in order, or none.
    fn bar()(exists in prop::bool::weighted(0.85), prices in prop::array::uniform4(1_000_i64..3_000)) -> Option<[Price; 4]> {
        let [open, close, low, high] = prices.map(|cents| cents * 1_000_000);
        let extremes = [open, close, low, high];
        let (low, high) = (extremes.into_iter().min()?, extremes.into_iter().max()?);
        exists.then(|| [open, high, low, close].map(Price::from_units))
    }
}

prop_compose! {
    fn some_bars()(columns in vec(vec(bar(), 30), 3), hourly in any::<bool>()) -> Arc<Bars> {
        let columns = columns.iter().zip(NAMES).map(|(rows, name)| {
            let column = |place: usize| -> Arc<[Price]> {
                rows.iter().map(|row| row.map_or(Price::ZERO, |row| row[place])).collect()
            };
            let symbol = name.parse().unwrap();
            Columns { symbol, open: column(0), high: column(1), low: column(2), close: column(3) }
        });
        match hourly {
            true => every(Interval::Hour, "2025-11-05T00:00:00Z", 3_600, columns.collect()),
            false => daily(columns.collect()),
        }
    }
}

prop_compose! {
    fn some_order()(
        side in prop::sample::select(vec![OrderSide::Buy, OrderSide::Buy, OrderSide::Sell, OrderSide::Short, OrderSide::Cover]),
        name in prop::sample::select(vec!["AAA", "BBB", "CCC", "ZZZ"]),
        quantity in -2_i64..400,
        kind in 0..8_u8,
        cents in 900_i64..3_100,
        apart in 1_i64..900,
        day in any::<bool>(),
    ) -> Order {
        let price = Price::from_units(cents * 1_000_000);
        let (above, below) = (Price::from_units((cents + apart) * 1_000_000), Price::from_units((cents - apart) * 1_000_000));
        let time_in_force = if day { TimeInForce::Day } else { TimeInForce::Gtc };
        let kind = match kind {
            0 => OrderKind::Limit { limit_price: price, time_in_force },
            1 => OrderKind::Stop { stop_price: price, time_in_force },
            2 => OrderKind::StopLimit { stop_price: price, limit_price: above, time_in_force },
            3 => OrderKind::StopLimit { stop_price: price, limit_price: below, time_in_force },
            4 => OrderKind::TrailingStop { trail: Trail::Amount(Price::from_units(apart * 1_000_000)), time_in_force },
            5 => OrderKind::Oco { limit_price: above, stop_price: below, time_in_force },
            6 => OrderKind::Bracket {
                entry_limit_price: day.then_some(price),
                take_profit_price: above,
                stop_loss_price: below,
                time_in_force,
            },
            _ => OrderKind::Market,
        };
        Order { side, symbol: name.parse().unwrap(), quantity: Quantity::whole(quantity).unwrap(), kind }
    }
}

prop_compose! {
    fn some_terms()(
        rule in prop::sample::select(vec![
            FillRule::Open, FillRule::NextOpen, FillRule::SameClose, FillRule::NextClose,
        ]),
        commission in 0_i64..1_000_000,
        slippage in 0_i64..1_000_000,
        chunk_bars in 1_u32..40,
    ) -> (FillRule, Rate, Rate, u32) {
        (rule, Rate::from_units(commission), Rate::from_units(slippage), chunk_bars)
    }
}

prop_compose! {
    fn some_risk()(
        (margin_account, allow_shorting, all) in any::<(bool, bool, bool)>(),
        costs in 0_i64..50_000_000,
        which in vec(0..6_u8, 0..4),
    ) -> Risk {
        let yearly = Rate::from_units(costs);
        let rules = which.iter().enumerate().map(|(index, which)| Rule {
            name: format!("rule {index}"),
            priority: 5,
            applies_to_symbols: Vec::new(),
            limit: match which {
                0 => Limit::MaxPosition { fraction: Rate::from_units(40_000_000) },
                1 => Limit::MaxPositions { count: 2 },
                2 => Limit::MaxTradesPerSession { count: 3 },
                3 => Limit::MaxDailyLoss {
                    fraction: Rate::from_units(1_000_000),
                    response: LossResponse::ForceLiquidate,
                },
                4 => Limit::CloseAllBy { time: jiff::civil::time(15, 0, 0, 0) },
                _ => Limit::Blackout {
                    start: jiff::civil::time(22, 0, 0, 0),
                    end: jiff::civil::time(3, 0, 0, 0),
                },
            },
        });
        Risk {
            margin_account,
            allow_shorting,
            gates: if all { Gates::All } else { Gates::Funds },
            borrow_rate: yearly,
            interest_rate: yearly,
            rules: rules.collect(),
            ..Risk::default()
        }
    }
}

fn told(bars: &Arc<Bars>, terms_of: (FillRule, Rate, Rate, u32), orders: &[(usize, Order)]) -> Told {
    let (fill_rule, commission_rate, slippage_rate, chunk_bars) = terms_of;
    let snapshot = RunSnapshot { fill_rule, commission_rate, slippage_rate, chunk_bars, ..terms(bars) };
    Told::completed(&snapshot, bars, &scripted(orders))
}

fn scripted(orders: &[(usize, Order)]) -> Arc<dyn crate::policy::Policy> {
    let bar_of = |bar: usize| orders.iter().filter(move |(at, _)| *at == bar).map(|(_, order)| order.clone());
    script((1..30).map(|bar| (bar, bar_of(bar).collect())))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_account_stays_solvent_and_adds_up(
        bars in some_bars(), terms_of in some_terms(), orders in vec((1_usize..30, some_order()), 0..60),
    ) {
        let told = told(&bars, terms_of, &orders);
        let mut spent = Cash::ZERO;
        for filled in told.fills() {
            prop_assert!(!filled.cash.is_negative() && !filled.position.is_negative());
            let value = Cash::of(filled.quantity, filled.price);
            spent += match filled.side {
                crate::policy::Side::Buy => value + filled.fee,
                crate::policy::Side::Sell => filled.fee - value,
            };
            prop_assert_eq!(filled.cash, Cash::whole(10_000).unwrap() - spent);
        }
        let figures = told.figures();
        prop_assert_eq!(figures.cash, Cash::whole(10_000).unwrap() - spent);
        prop_assert_eq!(figures.realised_pnl + figures.open_pnl, figures.value - figures.initial_cash);
        let records = told.records();
        let ids: Vec<u64> = records.iter().map(|record| record.id).collect();
        prop_assert_eq!(ids, (0..figures.records).collect::<Vec<_>>());
        for bar in 0..30 {
            let of_bar: Vec<_> = records.iter().filter(|record| record.bar == bar).collect();
            let idle = of_bar.iter().filter(|it| matches!(it.action, Action::NoTrade | Action::Opened)).count();
            prop_assert!(idle == 0 || of_bar.len() == 1, "a bar with a trade has no record without one");
        }
        told.assert_rechecks(&bars, &scripted(&orders));
    }

    #[test]
    fn chunks_change_nothing_but_their_own_events(
        bars in some_bars(), terms_of in some_terms(), orders in vec((1_usize..30, some_order()), 0..60),
    ) {
        let (rule, commission, slippage, _) = terms_of;
        let (parts, whole) = (told(&bars, terms_of, &orders), told(&bars, (rule, commission, slippage, 1_000), &orders));
        let account = |told: &Told| told.run.trading().unwrap().book.clone();
        prop_assert_eq!(account(&parts), account(&whole));
        prop_assert_eq!(parts.records(), whole.records());
        prop_assert_eq!(parts.equity(), whole.equity());
    }

    #[test]
    fn a_guarded_account_rechecks_and_does_not_depend_on_chunks(
        bars in some_bars(), terms_of in some_terms(), orders in vec((1_usize..30, some_order()), 0..60),
        risk in some_risk(),
    ) {
        let (fill_rule, commission_rate, slippage_rate, chunk_bars) = terms_of;
        let mut whole =
            RunSnapshot { fill_rule, commission_rate, slippage_rate, chunk_bars: 1_000, risk, ..terms(&bars) };
        if whole.interval == Interval::Day {
            whole.risk.rules.retain(|rule| !matches!(rule.limit, Limit::CloseAllBy { .. } | Limit::Blackout { .. }));
        }
        prop_assert_eq!(whole.check(), vec![]);
        let parts = RunSnapshot { chunk_bars, ..whole.clone() };
        let policy = scripted(&orders);
        let (whole, parts) = (Told::completed(&whole, &bars, &policy), Told::completed(&parts, &bars, &policy));
        whole.assert_rechecks(&bars, &policy);
        parts.assert_rechecks(&bars, &policy);
        prop_assert_eq!(parts.records(), whole.records());
        prop_assert_eq!(parts.equity(), whole.equity());
        let figures = whole.figures();
        prop_assert_eq!(figures.realised_pnl + figures.open_pnl, figures.value - figures.initial_cash);
    }

    #[test]
    fn a_tampered_fill_is_found(
        bars in some_bars(), orders in vec((1_usize..30, some_order()), 20..60),
        which in any::<prop::sample::Index>(), field in 0..6_u8,
    ) {
        let terms_of = (FillRule::Open, Rate::from_units(100_000), Rate::from_units(50_000), 7);
        let mut told = told(&bars, terms_of, &orders);
        let fills = told.fills().len();
        prop_assume!(fills > 0);
        let mut place = which.index(fills);
        for event in &mut told.events {
            let RunEvent::OrderFilled(filled) = event else { continue };
            if place == 0 {
                match field {
                    0 => filled.price = Price::from_units(filled.price.units() + 1),
                    1 => filled.reference_price = Price::from_units(filled.reference_price.units() - 1),
                    2 => filled.fee += Cash::from_units(1),
                    3 => filled.cash += Cash::from_units(1),
                    4 => filled.record += 1,
                    _ => filled.quantity += Quantity::whole(1).unwrap(),
                }
                break;
            }
            place -= 1;
        }
        prop_assert!(recheck(&bars, &told.events).is_err());
    }
}
