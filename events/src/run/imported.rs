//! An imported account at work: the lines of its ledger are repeated as they are, and no rule refuses anything.

use jiff::Timestamp;

use super::desk::{Desk, Now};
use super::{
    AccountAdjusted, Action, AdjustedHolding, LineImported, OrderFilled, PriceRule, RunEvent, RunSnapshot,
};
use crate::policy::{ImportedLine, ImportedOrder, ImportedParameters, Side};
use crate::{Cash, Price, Quantity, Symbol};

/// Where runs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Decided here, under the rules of a run.
    Simulated,
    /// Decided elsewhere, and repeated from its ledger.
    Imported,
}

impl RunKind {
    /// Of a run with a policy of this name.
    pub fn of_policy(name: &str) -> Self {
        if name == "imported" { Self::Imported } else { Self::Simulated }
    }

    /// The name used in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Imported => "imported",
        }
    }
}

impl RunSnapshot {
    /// Where the run comes from.
    pub fn kind(&self) -> RunKind {
        RunKind::of_policy(self.policy.name())
    }
}

impl Desk<'_> {
    /// Repeats the lines whose stamps lie before `until` and that were not repeated before, with the one that opened
    /// the account in the first bar.
    pub fn repeat(&mut self, imported: &ImportedParameters, until: Timestamp, now: Now) {
        if now.bar == 0 {
            self.note(imported.opened.line, Action::Opened, None, now);
        }
        while let Some(line) = imported.line_of(self.next_record).filter(|line| line.at < until) {
            self.adjust(line, now);
            match (line.executed(), &line.order) {
                (Some((order, price)), _) => self.execute(order, price, now),
                (None, Some(order)) => self.note(line.line, action_of(order.side), Some(order), now),
                (None, None) => self.note(line.line, Action::NoTrade, None, now),
            }
        }
    }

    fn note(&mut self, line: u64, action: Action, order: Option<&ImportedOrder>, now: Now) {
        let noted = LineImported {
            bar: now.bar,
            bar_start_s: now.start.as_second(),
            record: self.next_record,
            line,
            action,
            symbol: order.map(|order| order.symbol.clone()),
            quantity: order.map(|order| order.quantity).unwrap_or_default(),
            cash: self.book.cash(),
        };
        self.record(RunEvent::LineImported(noted));
    }

    fn adjust(&mut self, line: &ImportedLine, now: Now) {
        let Some(adjusted) = &line.adjusted else { return };
        let changed = adjusted.positions.iter();
        let holdings = changed.map(|(symbol, position)| AdjustedHolding {
            symbol: symbol.clone(),
            position: *position,
            cost: self.adjusted_cost(symbol, *position, now),
        });
        let event = AccountAdjusted {
            bar: now.bar,
            bar_start_s: now.start.as_second(),
            record: self.next_record,
            line: line.line,
            cause: adjusted.cause,
            cash: adjusted.cash,
            holdings: holdings.collect(),
        };
        for (symbol, position) in &adjusted.positions {
            self.hold(symbol, *position, now);
        }
        self.emit(RunEvent::AccountAdjusted(event));
    }

    fn adjusted_cost(&self, symbol: &Symbol, position: Quantity, now: Now) -> Cash {
        let holding = self.book.holdings().get(symbol);
        let (held, cost) = holding.map(|holding| (holding.quantity, holding.cost)).unwrap_or_default();
        if position >= held {
            return cost + Cash::of(position - held, self.price_at(symbol, now).unwrap_or_default());
        }
        cost - holding.map(|holding| holding.cost_of(held - position)).unwrap_or_default()
    }

    fn execute(&mut self, order: &ImportedOrder, price: Price, now: Now) {
        let ImportedOrder { side, symbol, quantity, .. } = order;
        let value = Cash::of(*quantity, price);
        let held = self.book.position(symbol);
        let (cash, position, realised_pnl) = match side {
            Side::Buy => (self.book.cash() - value, held + *quantity, Cash::ZERO),
            Side::Sell => {
                let holding = self.book.holdings().get(symbol);
                let cost = holding.map(|holding| holding.cost_of(*quantity)).unwrap_or_default();
                (self.book.cash() + value, held - *quantity, value - cost)
            }
        };
        self.hold(symbol, position, now);
        self.record(RunEvent::OrderFilled(OrderFilled {
            bar: now.bar,
            bar_start_s: now.start.as_second(),
            trading_date: self.clock.trading_date(symbol.market(), now.start),
            record: self.next_record,
            order_id: self.book.next_order(),
            side: *side,
            symbol: symbol.clone(),
            quantity: *quantity,
            price,
            reference_price: self.price_at(symbol, now).unwrap_or(price),
            price_rule: PriceRule::Recorded,
            fee: Cash::ZERO,
            cash,
            position,
            realised_pnl,
            forced_by: None,
        }));
    }

    fn record(&mut self, event: RunEvent) {
        self.next_record += 1;
        self.executed += 1;
        self.emit(event);
    }

    /// Notes what is held and, until the bar closes, what it is worth.
    fn hold(&mut self, symbol: &Symbol, position: Quantity, now: Now) {
        let price = self.price_at(symbol, now).unwrap_or_default();
        let Some(column) = self.bars.column_of(symbol) else { return };
        if let Some(held) = self.held.get_mut(column) {
            *held = position;
        }
        if let Some(mark) = self.marks.get_mut(column) {
            *mark = price;
        }
    }

    /// What is known of a price when a bar opens: its open, or where the symbol has no such bar, the newest price.
    fn price_at(&self, symbol: &Symbol, now: Now) -> Option<Price> {
        let column = self.bars.column_of(symbol)?;
        let columns = self.bars.columns().get(column)?;
        columns.open_at(now.index).or_else(|| columns.newest_before(now.index))
    }
}

const fn action_of(side: Side) -> Action {
    match side {
        Side::Buy => Action::Buy,
        Side::Sell => Action::Sell,
    }
}
