//! The model's own rules, in simulated time, for every order.

use super::clearing::Rules;
use super::gates::loss_of_day;
use super::quote::Quote;
use crate::Cash;
use crate::model::Limit;
use crate::policy::{BrokenRule, Order, OrderSide, Refusal, Side};

/// How an order comes to be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was just proposed.
    Proposed,
    /// It waited for its price. What limits proposals does not stop it.
    Waited,
}

impl Rules<'_> {
    /// Checks an order against the model's rules by falling priority.
    pub fn check_rules(&self, order: &Order, quote: Quote, stage: Stage) -> Result<(), Refusal> {
        for rule in self.snapshot.risk.rules.iter().filter(|rule| rule.applies_to(&order.symbol)) {
            if let Some(broken) = self.broken(&rule.limit, order, quote, stage) {
                return Err(Refusal::Rule { rule: rule.name.clone(), broken });
            }
        }
        Ok(())
    }

    fn broken(&self, limit: &Limit, order: &Order, quote: Quote, stage: Stage) -> Option<BrokenRule> {
        let proposed = stage == Stage::Proposed;
        match limit {
            Limit::Blackout { start, end } => {
                let time = self.local().time();
                let within = match start <= end {
                    true => *start <= time && time < *end,
                    false => *start <= time || time < *end,
                };
                (proposed && within).then_some(BrokenRule::Blackout { time, start: *start, end: *end })
            }
            Limit::MaxTradesPerSession { count } => {
                let trades = self.book.trades_on(self.local().date());
                (proposed && trades >= *count)
                    .then_some(BrokenRule::MaxTradesPerSession { trades, limit: *count })
            }
            Limit::MaxPosition { .. }
            | Limit::MaxPositions { .. }
            | Limit::MinCashReserve { .. }
            | Limit::MaxDailyLoss { .. }
            | Limit::CloseAllBy { .. }
            | Limit::ApprovedSymbols { .. }
            | Limit::ExcludedSymbols { .. } => {
                if order.side.opens() {
                    self.broken_by_opening(limit, order, quote)
                } else {
                    None
                }
            }
        }
    }

    /// Rules that limit what is at risk never keep a position from being closed.
    fn broken_by_opening(&self, limit: &Limit, order: &Order, quote: Quote) -> Option<BrokenRule> {
        match limit {
            Limit::MaxPosition { fraction } => {
                let after = match order.side.side() {
                    Side::Buy => self.book.position(&order.symbol) + order.quantity,
                    Side::Sell => self.book.position(&order.symbol) - order.quantity,
                };
                let value = Cash::of(after.abs(), quote.executed);
                let limit = self.worth().value.share(*fraction);
                (value > limit).then_some(BrokenRule::MaxPosition { value, limit })
            }
            Limit::MaxPositions { count } => {
                let held = u32::try_from(self.book.holdings().len()).unwrap_or(u32::MAX);
                let adds = self.book.position(&order.symbol).is_zero();
                (adds && held >= *count).then_some(BrokenRule::MaxPositions { held, limit: *count })
            }
            Limit::MinCashReserve { fraction } => {
                let (value, fee) = quote.value_and_fee(order.quantity, self.snapshot);
                let cash_after = self.book.cash() - value - fee;
                let limit = self.worth().value.share(*fraction);
                (order.side == OrderSide::Buy && cash_after < limit)
                    .then_some(BrokenRule::MinCashReserve { cash_after, limit })
            }
            Limit::MaxDailyLoss { fraction, .. } => {
                let loss = loss_of_day(self.session, self.worth().value);
                let limit = self.session?.opened_with.share(*fraction);
                (loss > limit).then_some(BrokenRule::MaxDailyLoss { loss, limit })
            }
            Limit::CloseAllBy { time: close_all_by } => {
                let time = self.local().time();
                (time >= *close_all_by)
                    .then_some(BrokenRule::CloseAllBy { time, close_all_by: *close_all_by })
            }
            Limit::ApprovedSymbols { symbols } => {
                let symbol = &order.symbol;
                (!symbols.contains(symbol)).then(|| BrokenRule::NotApproved { symbol: symbol.clone() })
            }
            Limit::ExcludedSymbols { symbols } => {
                let symbol = &order.symbol;
                symbols.contains(symbol).then(|| BrokenRule::Excluded { symbol: symbol.clone() })
            }
            Limit::Blackout { .. } | Limit::MaxTradesPerSession { .. } => None,
        }
    }
}
