//! What the bars since its acceptance have made of a waiting order: nothing of it is recorded, for it follows from them.

use crate::Price;
use crate::market::Columns;
use crate::policy::{OrderKind, Side};

/// Where a waiting order stands before a bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Watch {
    /// The first bar of the calendar that is not considered yet.
    next: usize,
    /// Whether a stop-limit order is a limit order by now.
    pub triggered: bool,
    /// The best price for a trailing stop so far: the highest for a sale, the lowest for a purchase.
    pub best: Price,
}

impl Watch {
    /// Whether orders of this kind have anything to watch.
    pub const fn is_needed(kind: OrderKind) -> bool {
        matches!(kind, OrderKind::StopLimit { .. } | OrderKind::TrailingStop { .. })
    }

    /// An order accepted in the bar `accepted` of the calendar, when `known` was its symbol's price.
    pub const fn begun(accepted: usize, known: Price) -> Self {
        Self { next: accepted + 1, triggered: false, best: known }
    }

    /// Considers the bars before `until`.
    pub fn advance(&mut self, until: usize, kind: OrderKind, side: Side, columns: &Columns) {
        for index in self.next..until {
            let Some(open) = columns.open_at(index) else { continue };
            let (low, high) = columns.bar_at(index).map_or((open, open), |bar| (bar.low, bar.high));
            if let OrderKind::StopLimit { stop_price, .. } = kind {
                self.triggered |= match side {
                    Side::Buy => open.max(high) >= stop_price,
                    Side::Sell => open.min(low) <= stop_price,
                };
            }
            self.best = match side {
                Side::Buy => self.best.min(open).min(low),
                Side::Sell => self.best.max(open).max(high),
            };
        }
        self.next = self.next.max(until);
    }
}
