//! What one attempt used and cost, and what it adds to budgets.

use super::budget::{Ceiling, Charge};
use super::cost::{CostFact, UnknownCost};
use super::prices::Pricing;
use super::usage::{UnknownUsage, Usage, UsageFact};

/// What an attempt that a provider took used and cost.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Account {
    pub usage: UsageFact,
    pub cost: CostFact,
    pub charge: Charge,
}

impl Account {
    /// What the provider said was used, or, where it did not `because` of this, the most that can have been.
    pub(super) fn of(
        pricing: Pricing,
        model: &str,
        most: Ceiling,
        usage: Option<Usage>,
        because: UnknownUsage,
    ) -> Self {
        match usage {
            Some(usage) => {
                let cost = pricing.cost(model, &usage);
                let (amount, tokens) = (cost.amount(), usage.total_tokens());
                let charge = Charge { cost: amount, tokens, is_call: true, is_exact: true };
                Self { usage: UsageFact::Stated(usage), cost, charge }
            }
            None => Self {
                usage: UsageFact::Unknown { because },
                cost: CostFact::Unknown { because: UnknownCost::UsageUnknown },
                charge: Charge { cost: most.cost, tokens: most.tokens, is_call: true, is_exact: false },
            },
        }
    }
}
