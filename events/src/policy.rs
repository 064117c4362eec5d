//! Policies: what decides trades in a run, the view they decide on, and the orders they propose.
//!
//! A policy is stateless and pure; everything it knows comes from the [`View`], the one port that enforces knowledge
//! time.

mod builtin;
mod field;
mod fill_rule;
pub mod fraction;
mod imported;
mod indicators;
mod order;
mod refusal;
mod sizing;
mod spec;
#[cfg(test)]
mod tests;
mod view;

use std::fmt::Debug;

pub use builtin::recorded::{RecordedDecision, RecordedOrder, RecordedParameters};
pub use builtin::{
    EqualWeightParameters, MeanReversionParameters, MomentumParameters, NoParameters, SmaCrossParameters,
};
pub use field::{FieldError, sentence};
pub use fill_rule::FillRule;
pub use imported::{
    AdjustmentCause, IMPORT_FINDINGS_MAX, IMPORTED_LINES_MAX, ImportFinding, ImportFormat, ImportRule,
    ImportSource, ImportedAdjustment, ImportedLine, ImportedOpening, ImportedOrder, ImportedParameters,
};
pub use indicators::{Indicators, SharedIndicators};
pub use order::{
    Order, OrderId, OrderKind, OrderSide, OrderType, RefusedOrder, RestingOrder, Side, TimeInForce, Trail,
};
pub use refusal::{BrokenRule, Gate, Refusal};
pub use spec::{Limits, PolicyDescription, PolicySpec, catalogue};
pub(crate) use view::ViewParts;
pub use view::{KnownPrices, NotKnown, View};

/// What decides the trades of a run.
///
/// Implementations keep nothing between decisions and read nothing but the view, so that a run can be resumed,
/// replayed and compared at any bar.
pub trait Policy: Send + Sync + Debug {
    /// Appends the orders of this decision to `orders`, which is empty; none means to hold.
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>);
}
