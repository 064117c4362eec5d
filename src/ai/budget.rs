//! Budgets: what may be spent on AI models, checked before a call and charged after it.
//!
//! A budget is a value: whoever keeps it (an aggregate, a projection) hands it in with what was spent so far. A call is
//! refused if the most that it can use would exceed a cap, so a cap is never exceeded by what is known.

use serde::{Deserialize, Serialize};

use super::cost::Cost;

/// A cap is near from here on, in percent of it.
pub const WARNING_PERCENT: u8 = 80;

/// Whose budget it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// A user's, over a period.
    User,
    /// One run's.
    Run,
    /// The whole installation's, over a period.
    System,
}

/// The most that may be spent; what is absent has no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// Dollars. With it, models without a known price are refused.
    pub cost: Option<Cost>,
    /// Tokens in and out.
    pub tokens: Option<u64>,
    /// Calls.
    pub calls: Option<u64>,
}

/// What was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Dollars.
    pub cost: Cost,
    /// Tokens in and out.
    pub tokens: u64,
    /// Calls that a provider took.
    pub calls: u64,
    /// Those of them that were charged with the most they can have used, because nobody knows what they did use.
    pub inexact_calls: u64,
    /// Those of them whose price is not known; they are not in `cost`.
    pub unpriced_calls: u64,
}

/// The most that a call can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Tokens in and out.
    pub tokens: u64,
    /// Dollars; absent where the price is not known.
    pub cost: Option<Cost>,
}

/// What one call adds to what was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Dollars; absent where the price is not known.
    pub cost: Option<Cost>,
    /// Tokens in and out.
    pub tokens: u64,
    /// Whether a provider took the call at all.
    pub is_call: bool,
    /// Whether it is what the provider said, and not the most that the call can have used.
    pub is_exact: bool,
}

impl Charge {
    /// Of what no provider took.
    pub const NONE: Self = Self { cost: Some(Cost::ZERO), tokens: 0, is_call: false, is_exact: true };

    /// Of several attempts of one call.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cost: self.cost.zip(other.cost).map(|(cost, other)| cost.plus(other)),
            tokens: self.tokens.saturating_add(other.tokens),
            is_call: self.is_call || other.is_call,
            is_exact: self.is_exact && other.is_exact,
        }
    }
}

impl Ceiling {
    /// The most that a call can use that was charged so much for attempts before.
    #[must_use]
    pub fn after(self, charged: &Charge) -> Self {
        Self {
            tokens: self.tokens.saturating_add(charged.tokens),
            cost: self.cost.zip(charged.cost).map(|(cost, charged)| cost.plus(charged)),
        }
    }
}

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Far from its caps.
    Fine,
    /// So much of a cap is spent, in whole percent from [`WARNING_PERCENT`] on.
    Near {
        /// Of the cap that is nearest.
        used_percent: u8,
    },
}

/// What a budget has not left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "cap", rename_all = "snake_case")]
pub enum Shortage {
    /// Dollars.
    #[error("{spent} of {limit} dollars are spent, and the call can cost {needed}")]
    Cost {
        /// The cap.
        limit: Cost,
        /// What is spent.
        spent: Cost,
        /// What the call can cost.
        needed: Cost,
    },
    /// Tokens.
    #[error("{spent} of {limit} tokens are used, and the call can use {needed}")]
    Tokens {
        /// The cap.
        limit: u64,
        /// What is used.
        spent: u64,
        /// What the call can use.
        needed: u64,
    },
    /// Calls.
    #[error("all {limit} calls are made")]
    Calls {
        /// The cap.
        limit: u64,
    },
    /// Dollars are capped, and nobody knows what the model costs.
    #[error("the price of the model is not known, so that a cap of {limit} dollars cannot be kept")]
    PriceUnknown {
        /// The cap.
        limit: Cost,
    },
}

/// A call is not made because a budget does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the {} budget is exhausted: {shortage}", match scope { BudgetScope::User => "user's", BudgetScope::Run => "run's", BudgetScope::System => "installation's" })]
pub struct BudgetExceeded {
    /// Whose budget.
    pub scope: BudgetScope,
    /// What it has not left.
    pub shortage: Shortage,
}

/// Caps and what was spent of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Whose it is.
    pub scope: BudgetScope,
    /// The caps.
    pub caps: Caps,
    /// What was spent.
    pub spent: Spent,
}

impl Budget {
    /// Whether a call that can use so much is allowed, and how the budget stands before it.
    ///
    /// # Errors
    /// With the call, a cap can be exceeded.
    pub fn admit(&self, most: &Ceiling) -> Result<Standing, BudgetExceeded> {
        let refused = |shortage| Err(BudgetExceeded { scope: self.scope, shortage });
        let Spent { cost, tokens, calls, .. } = self.spent;
        if let Some(limit) = self.caps.calls
            && calls >= limit
        {
            return refused(Shortage::Calls { limit });
        }
        if let Some(limit) = self.caps.tokens
            && tokens.saturating_add(most.tokens) > limit
        {
            return refused(Shortage::Tokens { limit, spent: tokens, needed: most.tokens });
        }
        if let Some(limit) = self.caps.cost {
            match most.cost {
                None => return refused(Shortage::PriceUnknown { limit }),
                Some(needed) if cost.plus(needed) > limit => {
                    return refused(Shortage::Cost { limit, spent: cost, needed });
                }
                Some(_) => {}
            }
        }
        Ok(self.standing())
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        let used = [
            self.caps.calls.map(|limit| percent(self.spent.calls.into(), limit.into())),
            self.caps.tokens.map(|limit| percent(self.spent.tokens.into(), limit.into())),
            self.caps.cost.map(|limit| percent(self.spent.cost.dollars(), limit.dollars())),
        ];
        match used.into_iter().flatten().max() {
            Some(used_percent) if used_percent >= WARNING_PERCENT => Standing::Near { used_percent },
            Some(_) | None => Standing::Fine,
        }
    }
}

/// In whole percent, rounded down; 100 at most.
fn percent(spent: rust_decimal::Decimal, limit: rust_decimal::Decimal) -> u8 {
    let share = spent.checked_div(limit).and_then(|share| share.checked_mul(100.into()));
    share.map_or(100, |share| u8::try_from(share.min(100.into()).trunc()).unwrap_or(100))
}

impl Spent {
    /// With one call more.
    #[must_use]
    pub fn with(self, charge: &Charge) -> Self {
        if !charge.is_call {
            return self;
        }
        Self {
            cost: self.cost.plus(charge.cost.unwrap_or_default()),
            tokens: self.tokens.saturating_add(charge.tokens),
            calls: self.calls.saturating_add(1),
            inexact_calls: self.inexact_calls.saturating_add(u64::from(!charge.is_exact)),
            unpriced_calls: self.unpriced_calls.saturating_add(u64::from(charge.cost.is_none())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(text: &str) -> Cost {
        text.parse().unwrap()
    }

    fn budget(caps: Caps, spent: Spent) -> Budget {
        Budget { scope: BudgetScope::Run, caps, spent }
    }

    fn most(tokens: u64, cost: Option<&str>) -> Ceiling {
        Ceiling { tokens, cost: cost.map(dollars) }
    }

    #[test]
    fn a_budget_without_caps_allows_everything() {
        let budget = budget(Caps::default(), Spent { calls: 9, ..Spent::default() });
        assert_eq!(budget.admit(&most(u64::MAX, None)), Ok(Standing::Fine));
    }

    #[test]
    fn each_cap_holds_at_its_edge() {
        let caps = Caps { cost: Some(dollars("1")), tokens: Some(1_000), calls: Some(3) };
        let spent = Spent { cost: dollars("0.5"), tokens: 500, calls: 2, ..Spent::default() };
        let it = budget(caps, spent);
        assert!(it.admit(&most(500, Some("0.5"))).is_ok());
        let shortage = |ceiling| it.admit(&ceiling).unwrap_err().shortage;
        assert_eq!(
            shortage(most(501, Some("0.5"))),
            Shortage::Tokens { limit: 1_000, spent: 500, needed: 501 }
        );
        assert_eq!(
            shortage(most(500, Some("0.500000000001"))),
            Shortage::Cost { limit: dollars("1"), spent: dollars("0.5"), needed: dollars("0.500000000001") }
        );
        assert_eq!(shortage(most(1, None)), Shortage::PriceUnknown { limit: dollars("1") });
        let last = budget(caps, Spent { calls: 3, ..spent });
        let refusal = last.admit(&most(1, Some("0"))).unwrap_err();
        assert_eq!(refusal.shortage, Shortage::Calls { limit: 3 });
        assert_eq!(refusal.to_string(), "the run's budget is exhausted: all 3 calls are made");
    }

    #[test]
    fn it_warns_from_eighty_percent_on() {
        let caps = Caps { tokens: Some(1_000), ..Caps::default() };
        let standing = |tokens| budget(caps, Spent { tokens, ..Spent::default() }).standing();
        assert_eq!(standing(799), Standing::Fine);
        assert_eq!(standing(800), Standing::Near { used_percent: 80 });
        assert_eq!(standing(5_000), Standing::Near { used_percent: 100 });
    }

    #[test]
    fn what_nobody_took_costs_nothing_and_what_is_not_known_is_counted_apart() {
        let charge = |is_call, is_exact, cost: Option<&str>| Charge {
            cost: cost.map(dollars),
            tokens: 10,
            is_call,
            is_exact,
        };
        let spent = Spent::default()
            .with(&charge(false, true, Some("1")))
            .with(&charge(true, true, Some("0.1")))
            .with(&charge(true, false, Some("0.2")))
            .with(&charge(true, true, None));
        let expected =
            Spent { cost: dollars("0.3"), tokens: 30, calls: 3, inexact_calls: 1, unpriced_calls: 1 };
        assert_eq!(spent, expected);
    }
}
