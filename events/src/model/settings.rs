//! The settings of a model: defaults, partial changes, and every rule they keep.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Risk;
use crate::policy::{FieldError, FillRule, NoParameters, OrderType, PolicySpec};
use crate::{Cash, Rate, Symbol};

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// Longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;

/// Most symbols of a model that lists them.
pub const SYMBOLS_MAX: usize = 1_000;

/// Cash of a model that names none: ten thousand.
pub const INITIAL_CASH_DEFAULT: Cash = Cash::from_units(10_000_000_000);

/// Most cash: a million millions.
pub const INITIAL_CASH_MAX: Cash = Cash::from_units(1_000_000_000_000_000_000);

/// Largest commission and slippage: a tenth.
pub const COST_RATE_MAX: Rate = Rate::from_units(10_000_000);

/// What trades, with what, under which rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSettings {
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What decides.
    pub policy: PolicySpec,
    /// The symbols that may be traded, rising; `None` means all of the market store.
    pub symbols: Option<Vec<Symbol>>,
    /// Cash with which a run opens its account.
    pub initial_cash: Cash,
    /// Fee as a fraction of the executed value.
    pub commission_rate: Rate,
    /// Price concession of market and stop orders.
    pub slippage_rate: Rate,
    /// The types of order that are not refused.
    pub allowed_order_types: BTreeSet<OrderType>,
    /// At which price market orders fill; `None` means as the interval of the run suggests.
    pub fill_rule: Option<FillRule>,
    /// What runs are compared with.
    pub benchmark: Option<Symbol>,
    /// What it may risk.
    #[serde(default, skip_serializing_if = "Risk::is_default")]
    pub risk: Risk,
}

/// A model to be created: only the name is required.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelDraft {
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What decides; by default `builtin/buy-and-hold`.
    pub policy: Option<PolicySpec>,
    /// The symbols that may be traded; by default all of the market store.
    pub symbols: Option<Vec<Symbol>>,
    /// Cash with which a run opens its account; by default 10,000.
    pub initial_cash: Option<Cash>,
    /// Fee as a fraction of the executed value; by default 0.
    pub commission_rate: Option<Rate>,
    /// Price concession of market and stop orders; by default 0.
    pub slippage_rate: Option<Rate>,
    /// The types of order that are not refused; by default market, limit and stop orders.
    pub allowed_order_types: Option<BTreeSet<OrderType>>,
    /// At which price market orders fill; by default as the interval of the run suggests.
    pub fill_rule: Option<FillRule>,
    /// What runs are compared with; by default nothing.
    pub benchmark: Option<Symbol>,
    /// What it may risk; by default only its cash.
    pub risk: Option<Risk>,
}

/// A partial change: `None` leaves a setting as it is, `Some(None)` clears one that may be absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelChange {
    /// Name for people; the signature stays.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// What decides.
    pub policy: Option<PolicySpec>,
    /// The symbols that may be traded.
    pub symbols: Option<Option<Vec<Symbol>>>,
    /// Cash with which a run opens its account.
    pub initial_cash: Option<Cash>,
    /// Fee as a fraction of the executed value.
    pub commission_rate: Option<Rate>,
    /// Price concession of market and stop orders.
    pub slippage_rate: Option<Rate>,
    /// The types of order that are not refused.
    pub allowed_order_types: Option<BTreeSet<OrderType>>,
    /// At which price market orders fill.
    pub fill_rule: Option<Option<FillRule>>,
    /// What runs are compared with.
    pub benchmark: Option<Option<Symbol>>,
    /// What it may risk, as a whole.
    pub risk: Option<Risk>,
}

impl ModelSettings {
    /// The settings of a new model, or every rule that they break.
    pub fn of(draft: ModelDraft) -> Result<Self, Vec<FieldError>> {
        let settings = Self {
            name: draft.name.trim().to_owned(),
            description: draft.description,
            policy: draft.policy.unwrap_or(PolicySpec::BuyAndHold(NoParameters {})),
            symbols: draft.symbols,
            initial_cash: draft.initial_cash.unwrap_or(INITIAL_CASH_DEFAULT),
            commission_rate: draft.commission_rate.unwrap_or(Rate::ZERO),
            slippage_rate: draft.slippage_rate.unwrap_or(Rate::ZERO),
            allowed_order_types: draft.allowed_order_types.unwrap_or_else(|| OrderType::DEFAULT.into()),
            fill_rule: draft.fill_rule,
            benchmark: draft.benchmark,
            risk: draft.risk.unwrap_or_default(),
        };
        settings.checked()
    }

    /// These settings with `change`, or every rule that they would break.
    pub fn changed(&self, change: ModelChange) -> Result<Self, Vec<FieldError>> {
        let before = self.clone();
        let settings = Self {
            name: change.name.map_or(before.name, |name| name.trim().to_owned()),
            description: change.description.unwrap_or(before.description),
            policy: change.policy.unwrap_or(before.policy),
            symbols: change.symbols.unwrap_or(before.symbols),
            initial_cash: change.initial_cash.unwrap_or(before.initial_cash),
            commission_rate: change.commission_rate.unwrap_or(before.commission_rate),
            slippage_rate: change.slippage_rate.unwrap_or(before.slippage_rate),
            allowed_order_types: change.allowed_order_types.unwrap_or(before.allowed_order_types),
            fill_rule: change.fill_rule.unwrap_or(before.fill_rule),
            benchmark: change.benchmark.unwrap_or(before.benchmark),
            risk: change.risk.unwrap_or(before.risk),
        };
        settings.checked()
    }

    /// Puts the symbols into their order and reports every broken rule.
    fn checked(mut self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        self.check_texts(&mut errors);
        if let Some(symbols) = &mut self.symbols {
            symbols.sort_unstable();
            check_symbols(symbols, &mut errors);
        }
        if !self.initial_cash.is_positive() || self.initial_cash > INITIAL_CASH_MAX {
            let message =
                format!("must be above 0 and at most {INITIAL_CASH_MAX}, not {}", self.initial_cash);
            errors.push(FieldError::new("initial_cash", "out_of_range", message));
        }
        for (field, rate) in
            [("commission_rate", self.commission_rate), ("slippage_rate", self.slippage_rate)]
        {
            if rate.is_negative() || rate > COST_RATE_MAX {
                let message = format!("must be from 0 to {COST_RATE_MAX}, not {rate}");
                errors.push(FieldError::new(field, "out_of_range", message));
            }
        }
        if self.allowed_order_types.is_empty() {
            errors.push(FieldError::new(
                "allowed_order_types",
                "required",
                "at least one type must be allowed",
            ));
        }
        errors.extend(self.policy.check().into_iter().map(|error| error.below("policy")));
        self.risk.sort();
        errors.extend(self.risk.check().into_iter().map(|error| error.below("risk")));
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    fn check_texts(&self, errors: &mut Vec<FieldError>) {
        if self.name.is_empty() {
            errors.push(FieldError::new("name", "required", "must not be empty"));
        }
        let mut bounded = |field: &str, text: &str, limit: usize| {
            let length = text.chars().count();
            if length > limit {
                errors.push(FieldError::new(
                    field,
                    "too_long",
                    format!("at most {limit} characters, not {length}"),
                ));
            }
            // Postgres keeps no zero byte, and nobody can read the others.
            if text.chars().any(|character| character.is_control() && !"\n\t".contains(character)) {
                errors.push(FieldError::new(field, "invalid", "must not have control characters"));
            }
        };
        bounded("name", &self.name, NAME_CHARS_MAX);
        bounded("description", self.description.as_deref().unwrap_or_default(), DESCRIPTION_CHARS_MAX);
    }
}

fn check_symbols(symbols: &[Symbol], errors: &mut Vec<FieldError>) {
    if symbols.is_empty() {
        errors.push(FieldError::new("symbols", "required", "at least one; leave it out for all symbols"));
    }
    if symbols.len() > SYMBOLS_MAX {
        let message = format!("at most {SYMBOLS_MAX} symbols, not {}", symbols.len());
        errors.push(FieldError::new("symbols", "too_long", message));
    }
    for (symbol, next) in symbols.iter().zip(symbols.iter().skip(1)) {
        if symbol == next {
            errors.push(FieldError::new("symbols", "not_unique", format!("{symbol} occurs more than once")));
        }
    }
    let mut currencies = symbols.iter().map(|symbol| symbol.market().currency());
    let first = currencies.next();
    if currencies.any(|other| Some(other) != first) {
        errors.push(FieldError::new("symbols", "mixed", "symbols of one model must share a currency"));
    }
}
