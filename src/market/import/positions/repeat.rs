//! A recorded account as the policy that repeats it in a run.

use events::policy::{OrderSide, PolicySpec, RecordedOrder, RecordedParameters};
use events::{Quantity, Symbol};

use super::{RecordedAction, RecordedDecision, RecordedLedger};

/// Why a run cannot repeat a recorded account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRepeatable {
    /// A run opens its account with cash alone.
    #[error("the account was opened with shares, but a run opens with cash alone")]
    OpenedWithShares,
    /// The first bar of a run opens the account; decisions come from the second on.
    #[error("line {line} trades in the bar in which the account was opened, or before")]
    TradesAtOpening {
        /// The line.
        line: u64,
    },
    /// The account went on from a state that no decision led to.
    #[error("line {line} does not follow from the line before by what it did")]
    Adjusted {
        /// The line.
        line: u64,
    },
    /// The decisions are not in the order of their bars.
    #[error("line {line} belongs before the line before")]
    StampFalls {
        /// The line.
        line: u64,
    },
}

impl RecordedLedger {
    /// The policy that gives the same orders in the same bars, each at the price at which it executed.
    ///
    /// Lines without a trade are decisions to hold; a buy or sell of nothing is a decision without an order. Where the
    /// source rounded what it held, the repeated holdings are those before rounding.
    pub fn policy(&self) -> Result<PolicySpec, NotRepeatable> {
        if !self.opening.positions.is_empty() {
            return Err(NotRepeatable::OpenedWithShares);
        }
        let mut decisions: Vec<events::policy::RecordedDecision> = Vec::new();
        for record in &self.records {
            let (line, bar_start_at) = (record.line, record.stamp.bar_start);
            if record.adjusted_from.is_some() {
                return Err(NotRepeatable::Adjusted { line });
            }
            let order = order_of(record);
            if bar_start_at <= self.opened.bar_start {
                if order.is_some() {
                    return Err(NotRepeatable::TradesAtOpening { line });
                }
                continue;
            }
            match decisions.last_mut() {
                Some(last) if last.bar_start_at > bar_start_at => {
                    return Err(NotRepeatable::StampFalls { line });
                }
                Some(last) if last.bar_start_at == bar_start_at => last.orders.extend(order),
                Some(_) | None => decisions.push(events::policy::RecordedDecision {
                    bar_start_at,
                    orders: order.into_iter().collect(),
                }),
            }
        }
        Ok(PolicySpec::Recorded(RecordedParameters { decisions }))
    }
}

fn order_of(record: &RecordedDecision) -> Option<RecordedOrder> {
    let order = |side, symbol: &Symbol, quantity: Quantity| RecordedOrder {
        side,
        symbol: symbol.clone(),
        quantity,
        price: record.fill_price,
    };
    match &record.action {
        RecordedAction::Buy { symbol, amount } => Some(order(OrderSide::Buy, symbol, *amount)),
        RecordedAction::Sell { symbol, amount } => Some(order(OrderSide::Sell, symbol, *amount)),
        RecordedAction::NoTrade => None,
    }
}
