//! The one data port of a run: what was knowable at the moment of a decision, and nothing later.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{FillRule, OrderId, RefusedOrder, RestingOrder};
use crate::market::{Bar, Bars};
use crate::{Cash, Interval, Price, Quantity, Rate, Symbol};

/// Held back from sizing where the price of the fill is not known yet: two percent.
const UNKNOWN_FILL_RESERVE: Rate = Rate::from_units(2_000_000);

/// What a policy may know at one decision: prices up to now, the account, waiting orders and the last refusals.
///
/// Symbols are addressed by their column in the run's bars. Nothing here answers with a price whose knowledge time is
/// later than the decision: an open is known when its bar starts, the rest of a bar when it ends.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    parts: ViewParts<'a>,
    complete: usize,
}

/// What the engine puts into a [`View`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ViewParts<'a> {
    /// All bars of the run, those before its first included.
    pub bars: &'a Bars,
    /// The run's first bar in the calendar of `bars`.
    pub first: usize,
    /// The bar being decided on in the calendar of `bars`.
    pub now: usize,
    /// What the decision may know of that bar.
    pub fill_rule: FillRule,
    /// The columns that may be traded, rising.
    pub universe: &'a [usize],
    /// The position of each column.
    pub held: &'a [Quantity],
    /// Cash in the account.
    pub cash: Cash,
    /// Cash with which the account was opened.
    pub initial_cash: Cash,
    /// Value of the account at the close of the bar before.
    pub equity: Cash,
    /// Fee as a fraction of the executed value.
    pub commission_rate: Rate,
    /// Price concession of market and stop orders.
    pub slippage_rate: Rate,
    /// Orders that wait.
    pub resting: &'a BTreeMap<OrderId, RestingOrder>,
    /// Orders refused in the last bar that refused any.
    pub refusals: &'a [RefusedOrder],
}

/// The prices of a bar as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownPrices {
    /// The bar is complete.
    Complete(Bar),
    /// The bar has started: only its open is known.
    OpenOnly(Price),
}

/// Why a price cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKnown {
    /// The bar starts after the moment of the decision.
    #[error("{symbol} at {asked} is not known yet at {now}")]
    NotYetKnown {
        /// The symbol asked for.
        symbol: Symbol,
        /// The bar asked for.
        asked: Timestamp,
        /// The bar being decided on.
        now: Timestamp,
    },
    /// The run has no prices of this symbol.
    #[error("{symbol} is not part of this run's data")]
    UnknownSymbol {
        /// The symbol asked for.
        symbol: Symbol,
    },
    /// The symbol has no bar that starts then.
    #[error("{symbol} has no bar at {asked}")]
    NoBar {
        /// The symbol asked for.
        symbol: Symbol,
        /// The bar asked for.
        asked: Timestamp,
    },
}

impl<'a> View<'a> {
    /// The view of one decision.
    pub(crate) fn new(parts: ViewParts<'a>) -> Self {
        let complete = parts.now + usize::from(parts.fill_rule.sees_complete_bar());
        Self { parts, complete }
    }

    /// How many bars after the run's first this one is; the first is never decided on, so this is 1 or more.
    pub fn bar(&self) -> usize {
        self.parts.now.saturating_sub(self.parts.first)
    }

    /// The start of the bar being decided on.
    pub fn bar_start(&self) -> Timestamp {
        self.start_of(self.parts.now)
    }

    /// The length of every bar.
    pub fn interval(&self) -> Interval {
        self.parts.bars.interval()
    }

    /// How the run's market orders fill.
    pub fn fill_rule(&self) -> FillRule {
        self.parts.fill_rule
    }

    /// How many bars of the calendar are complete, those before the run included.
    pub fn complete_bars(&self) -> usize {
        self.complete
    }

    /// The columns that may be traded, rising.
    pub fn universe(&self) -> &'a [usize] {
        self.parts.universe
    }

    /// The symbol of a column.
    pub fn symbol(&self, column: usize) -> Option<&'a Symbol> {
        self.parts.bars.columns().get(column).map(|columns| &columns.symbol)
    }

    /// The column of a symbol.
    pub fn column_of(&self, symbol: &Symbol) -> Option<usize> {
        self.parts.bars.column_of(symbol)
    }

    /// The open of the bar being decided on, where the symbol has one.
    pub fn open_now(&self, column: usize) -> Option<Price> {
        self.parts.bars.columns().get(column)?.open_at(self.parts.now)
    }

    /// A complete bar of the calendar: 0 is the newest, 1 the one before; `None` where the symbol has no such bar.
    pub fn bar_back(&self, column: usize, back: usize) -> Option<Bar> {
        let index = self.complete.checked_sub(back.checked_add(1)?)?;
        self.parts.bars.columns().get(column)?.bar_at(index)
    }

    /// The newest known close of a symbol, of whichever bar.
    pub fn last_close(&self, column: usize) -> Option<Price> {
        self.close_back(column, 0)
    }

    /// The close that was the newest `back` bars of the calendar ago, of whichever bar.
    pub fn close_back(&self, column: usize, back: usize) -> Option<Price> {
        let known = self.parts.bars.columns().get(column)?.close.get(..self.complete.checked_sub(back)?)?;
        known.iter().rev().copied().find(|close| close.is_positive())
    }

    /// The newest price of a symbol in the bar being decided on; `None` where it does not trade in this bar.
    pub fn price_now(&self, column: usize) -> Option<Price> {
        let columns = self.parts.bars.columns().get(column)?;
        if self.parts.fill_rule.sees_complete_bar() {
            return columns.close_at(self.parts.now).or_else(|| columns.open_at(self.parts.now));
        }
        columns.open_at(self.parts.now)
    }

    /// Whether the symbol had a bar in this run after its first and before the one being decided on.
    pub fn traded_before(&self, column: usize) -> bool {
        let after_first = self.parts.first + 1;
        let opens =
            self.parts.bars.columns().get(column).and_then(|it| it.open.get(after_first..self.parts.now));
        opens.is_some_and(|opens| opens.iter().rev().any(|open| open.is_positive()))
    }

    /// The prices of `symbol` in the bar that starts at `asked`, as far as they are known.
    ///
    /// A bar that starts after the decision is [`NotKnown::NotYetKnown`] whether or not it exists.
    pub fn price_at(&self, symbol: &Symbol, asked: Timestamp) -> Result<KnownPrices, NotKnown> {
        let now = self.bar_start();
        if asked > now {
            return Err(NotKnown::NotYetKnown { symbol: symbol.clone(), asked, now });
        }
        let bars = self.parts.bars;
        let unknown = || NotKnown::UnknownSymbol { symbol: symbol.clone() };
        let columns =
            self.column_of(symbol).and_then(|column| bars.columns().get(column)).ok_or_else(unknown)?;
        let no_bar = || NotKnown::NoBar { symbol: symbol.clone(), asked };
        let index = bars.starts().binary_search(&asked).map_err(|_| no_bar())?;
        if let Some(bar) = columns.bar_at(index).filter(|_| index < self.complete) {
            return Ok(KnownPrices::Complete(bar));
        }
        columns.open_at(index).map(KnownPrices::OpenOnly).ok_or_else(no_bar)
    }

    /// Cash in the account.
    pub fn cash(&self) -> Cash {
        self.parts.cash
    }

    /// Cash with which the account was opened.
    pub fn initial_cash(&self) -> Cash {
        self.parts.initial_cash
    }

    /// How many shares of a column are held.
    pub fn position(&self, column: usize) -> Quantity {
        self.parts.held.get(column).copied().unwrap_or_default()
    }

    /// Value of the account at the close of the bar before.
    pub fn equity_before(&self) -> Cash {
        self.parts.equity
    }

    /// Value of the account at the newest known prices.
    pub fn equity_now(&self) -> Cash {
        let held = self.parts.held.iter().enumerate().filter(|(_, quantity)| !quantity.is_zero());
        let units = held.map(|(column, quantity)| {
            let price = self.price_now(column).or_else(|| self.last_close(column)).unwrap_or_default();
            crate::money::value_units(*quantity, price)
        });
        self.parts.cash + Cash::from_value_units(units.sum())
    }

    /// Orders that wait, by their place among the orders of the run.
    pub fn resting(&self) -> impl Iterator<Item = &'a RestingOrder> {
        self.parts.resting.values()
    }

    /// Whether an order for this column waits.
    pub fn awaits(&self, column: usize) -> bool {
        !self.parts.resting.is_empty()
            && self.symbol(column).is_some_and(|symbol| self.resting().any(|it| it.order.symbol == *symbol))
    }

    /// The orders refused in the last bar that refused any.
    pub fn refusals(&self) -> &'a [RefusedOrder] {
        self.parts.refusals
    }

    /// How many shares `budget` pays for at the newest price, with slippage, fee and whole lots considered, less at most
    /// what the rounding of the price hides; a reserve is kept where the price of the fill is not known yet.
    pub fn affordable(&self, column: usize, budget: Cash) -> Quantity {
        let (Some(price), Some(symbol)) = (self.price_now(column), self.symbol(column)) else {
            return Quantity::ZERO;
        };
        let kept =
            if self.parts.fill_rule.fills_later() { budget.share(UNKNOWN_FILL_RESERVE) } else { Cash::ZERO };
        let (budget, lot) = (budget - kept, symbol.market().lot());
        let executed = price.moved(self.parts.slippage_rate);
        let mut quantity = budget.affords(executed.moved(self.parts.commission_rate), lot);
        // Rounding of the price with its fee can be one lot off.
        while quantity.is_positive() && self.with_fee(quantity, executed) > budget {
            quantity -= lot;
        }
        quantity
    }

    /// What `quantity` of a column costs at the newest price, with slippage and fee.
    pub fn cost_of(&self, column: usize, quantity: Quantity) -> Cash {
        let executed = self.price_now(column).unwrap_or_default().moved(self.parts.slippage_rate);
        self.with_fee(quantity, executed)
    }

    /// What selling `quantity` of a column brings at the newest price, after slippage and fee.
    pub fn proceeds_of(&self, column: usize, quantity: Quantity) -> Cash {
        let executed = self.price_now(column).unwrap_or_default().moved(-self.parts.slippage_rate);
        let value = Cash::of(quantity, executed);
        value - value.share(self.parts.commission_rate)
    }

    /// The bars themselves, for indicators, which answer only what this view may know.
    pub(super) fn bars(&self) -> &'a Bars {
        self.parts.bars
    }

    fn with_fee(&self, quantity: Quantity, executed: Price) -> Cash {
        let value = Cash::of(quantity, executed);
        value + value.share(self.parts.commission_rate)
    }

    fn start_of(&self, index: usize) -> Timestamp {
        self.parts.bars.starts().get(index).copied().unwrap_or_default()
    }
}
