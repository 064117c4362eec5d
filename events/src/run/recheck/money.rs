//! Cash, position and profit of a fill, and what borrowing costs, computed a second time.

use std::collections::BTreeMap;

use super::difference::{Discrepancy, holds, same};
use crate::model::{Limit, Risk};
use crate::money::{divide_half_even, value_units};
use crate::policy::{OrderSide, Side};
use crate::run::{Forced, OrderFilled, Trading};
use crate::{Cash, Price, Quantity, Rate};

/// Cash before an execution.
fn before(filled: &OrderFilled) -> Cash {
    let value = Cash::of(filled.quantity, filled.price);
    match filled.side {
        Side::Buy => filled.cash + value + filled.fee,
        Side::Sell => filled.cash - value + filled.fee,
    }
}

/// Cash, position and profit must follow from the account before, and stay within what the account may.
pub(super) fn check_money(run: &Trading, filled: &OrderFilled) -> Result<(), Discrepancy> {
    let risk = &run.snapshot.risk;
    same("cash before", before(filled), run.book.cash())?;
    let held = run.book.position(&filled.symbol);
    let holding = run.book.holdings().get(&filled.symbol);
    let value = Cash::of(filled.quantity, filled.price);
    // What was paid for what is held, and what was received for what is short: a share of either, by count.
    let average = |held: Quantity| {
        let cost = holding.map(|holding| holding.cost).unwrap_or_default();
        let paid = if held.is_negative() { -cost } else { cost };
        paid.portion(filled.quantity, held.abs())
    };
    let (position, profit) = match filled.order_side() {
        OrderSide::Buy => (held + filled.quantity, Cash::ZERO),
        OrderSide::Short => (held - filled.quantity, Cash::ZERO),
        OrderSide::Sell => {
            let bought_today =
                holding.map(|holding| holding.bought_on(filled.trading_date)).unwrap_or_default();
            let settled =
                !filled.symbol.market().settles_next_day() || held - bought_today >= filled.quantity;
            holds(settled, "what was bought today is not sold today")?;
            (held - filled.quantity, value - filled.fee - average(held))
        }
        OrderSide::Cover => (held + filled.quantity, average(held) - value - filled.fee),
    };
    same("position", filled.position, position)?;
    same("realised_pnl", filled.realised_pnl, profit)?;
    let kept =
        held.is_zero() || filled.position.is_zero() || held.is_negative() == filled.position.is_negative();
    holds(kept, "an execution does not turn a position around")?;
    holds(risk.margin_account || !filled.cash.is_negative(), "cash is never negative without margin")?;
    let shorting = risk.margin_account && risk.allow_shorting;
    holds(shorting || !filled.position.is_negative(), "holdings are never negative without shorting")
}

/// A run closes positions by itself only under terms that make it do so.
pub(super) fn check_forced(risk: &Risk, filled: &OrderFilled) -> Result<(), Discrepancy> {
    let Some(forced) = &filled.forced_by else { return Ok(()) };
    let closes = matches!(filled.order_side(), OrderSide::Sell | OrderSide::Cover);
    holds(closes, "what a run does by itself closes a position")?;
    let has = |name: &str, fits: fn(&Limit) -> bool| {
        let mut rules = risk.rules.iter().filter(|rule| rule.applies_to(&filled.symbol));
        rules.any(|rule| rule.name == name && fits(&rule.limit))
    };
    let known = match forced {
        Forced::MarginCall => risk.margin_account,
        Forced::CloseAllBy { rule } => has(rule, |limit| matches!(limit, Limit::CloseAllBy { .. })),
        Forced::DailyLoss { rule } => has(rule, |limit| matches!(limit, Limit::MaxDailyLoss { .. })),
    };
    holds(known, "the terms have the reason for which the position was closed")
}

/// Interest on lacking cash and the fee for what is short, for some days, at the last closes.
pub(super) fn financing(
    risk: &Risk,
    cash: Cash,
    held: &BTreeMap<usize, (Quantity, Price)>,
    days: i32,
) -> (Cash, Cash) {
    let short: i128 = held.values().map(|(quantity, mark)| value_units(*quantity, *mark).min(0)).sum();
    let lacking = Cash::from_units((-cash.units()).max(0));
    let year = 365 * 10_i128.pow(Rate::SCALE);
    let cost = |base: Cash, yearly: Rate| {
        let units = base.units() * i128::from(yearly.units()) * i128::from(days);
        Cash::from_units(divide_half_even(units, year))
    };
    (cost(lacking, risk.interest_rate), cost(Cash::from_value_units(-short), risk.borrow_rate))
}
