//! `recorded`: repeats decisions that were made elsewhere, at the prices at which they executed where those are known.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::policy::{FieldError, Order, OrderKind, OrderSide, Policy, View};
use crate::{Price, Quantity, Symbol};

/// The most decisions that a policy repeats.
const DECISIONS_MAX: usize = 100_000;

/// Parameters of `recorded`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordedParameters {
    /// The decisions, by rising bar start; at most 100,000.
    pub decisions: Vec<RecordedDecision>,
}

/// What was decided in one bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedDecision {
    /// The start of the bar.
    pub bar_start_at: Timestamp,
    /// The orders, in the order in which they were given; none means to hold.
    pub orders: Vec<RecordedOrder>,
}

/// One recorded order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedOrder {
    /// Buy or sell.
    pub side: OrderSide,
    /// What was traded.
    pub symbol: Symbol,
    /// How many; 0 is a decision without an order.
    pub quantity: Quantity,
    /// The price at which the original executed; without it the run's fill rule applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

impl RecordedParameters {
    pub(in crate::policy) fn check(&self, errors: &mut Vec<FieldError>) {
        if self.decisions.len() > DECISIONS_MAX {
            let message = format!("at most {DECISIONS_MAX} decisions, not {}", self.decisions.len());
            errors.push(FieldError::new("decisions", "too_long", message));
        }
        for (index, (decision, next)) in self.decisions.iter().zip(self.decisions.iter().skip(1)).enumerate()
        {
            if decision.bar_start_at >= next.bar_start_at {
                let field = format!("decisions.{}.bar_start_at", index + 1);
                errors.push(FieldError::new(field, "not_rising", "must be later than the decision before"));
            }
        }
        for (index, decision) in self.decisions.iter().enumerate() {
            for (place, order) in decision.orders.iter().enumerate() {
                let field = |name| format!("decisions.{index}.orders.{place}.{name}");
                if order.quantity.is_negative() {
                    errors.push(FieldError::new(field("quantity"), "out_of_range", "must not be negative"));
                }
                if order.price.is_some_and(|price| !price.is_positive()) {
                    errors.push(FieldError::new(field("price"), "out_of_range", "must be positive"));
                }
            }
        }
    }
}

/// Looks its decision up by the start of the bar.
#[derive(Debug)]
pub(in crate::policy) struct Recorded {
    parameters: RecordedParameters,
}

impl Recorded {
    pub(in crate::policy) fn new(parameters: RecordedParameters) -> Self {
        Self { parameters }
    }
}

impl Policy for Recorded {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        let decisions = &self.parameters.decisions;
        let found = decisions.binary_search_by_key(&view.bar_start(), |decision| decision.bar_start_at);
        let Some(decision) = found.ok().and_then(|index| decisions.get(index)) else { return };
        let given = decision.orders.iter().filter(|order| !order.quantity.is_zero());
        orders.extend(given.map(|order| Order {
            side: order.side,
            symbol: order.symbol.clone(),
            quantity: order.quantity,
            kind: order.price.map_or(OrderKind::Market, |price| OrderKind::Recorded { price }),
        }));
    }
}
