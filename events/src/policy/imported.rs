//! `imported`: an account that was kept elsewhere, line by line as its ledger says. Nothing is decided: what happened
//! is repeated, whatever the rules of a run would have said.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FieldError, Order, Policy, Side, View};
use crate::{Cash, Price, Quantity, Symbol};

/// The most lines of a ledger.
pub const IMPORTED_LINES_MAX: usize = 100_000;

/// The most findings that are kept with a ledger.
pub const IMPORT_FINDINGS_MAX: usize = 10_000;

/// Parameters of `imported`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedParameters {
    /// Where it comes from.
    pub source: ImportSource,
    /// The line that opened the account.
    pub opened: ImportedOpening,
    /// What happened afterwards, in the order of the file, which is that of execution; at most 100,000.
    pub lines: Vec<ImportedLine>,
    /// What did not fit together, by line; at most 10,000.
    #[serde(default)]
    pub findings: Vec<ImportFinding>,
}

/// Where an imported ledger comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportSource {
    /// How it was written.
    pub format: ImportFormat,
    /// Who decided, as the source calls it.
    pub agent: String,
    /// The name of the file, without folders.
    pub file: String,
    /// SHA-256 of its bytes as given, in hexadecimal.
    pub sha256: String,
    /// The zone in which its stamps were read.
    pub zone: String,
}

/// How an imported ledger was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportFormat {
    /// The `position.jsonl` of the public AI-Trader benchmark and its forks.
    AiTrader,
}

/// The line that opened an imported account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedOpening {
    /// Its number in the file.
    pub line: u64,
    /// The start of the bar of its stamp; not always a bar of the market.
    pub at: Timestamp,
}

/// One line of an imported ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedLine {
    /// Its number in the file.
    pub line: u64,
    /// The start of the bar of its stamp.
    pub at: Timestamp,
    /// The account that the line goes on from, where it is not the one that the line before left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<ImportedAdjustment>,
    /// What was bought or sold, as written; nothing where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<ImportedOrder>,
}

/// A purchase or sale as an imported ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedOrder {
    /// Bought or sold.
    pub side: Side,
    /// What.
    pub symbol: Symbol,
    /// How many, as written.
    pub quantity: Quantity,
    /// At which price it executed: the change of cash per share; nothing where nothing was executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// What an imported account became without anybody's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedAdjustment {
    /// Why.
    pub cause: AdjustmentCause,
    /// Cash afterwards.
    pub cash: Cash,
    /// Shares afterwards of the symbols whose shares changed; zero of one that is flat.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub positions: BTreeMap<Symbol, Quantity>,
}

/// Why an imported account changed without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentCause {
    /// The ledger goes on from a state that the line before did not leave.
    StateDiscontinuity,
    /// The source rounded what was held or paid.
    Rounding,
}

impl AdjustmentCause {
    /// The name used in the API and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StateDiscontinuity => "state_discontinuity",
            Self::Rounding => "rounding",
        }
    }
}

impl fmt::Display for AdjustmentCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Something in an imported ledger that does not fit together. It was taken as it is, and is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportFinding {
    /// The line of the file; 0 for what is missing between lines.
    pub line: u64,
    /// The rule that it does not keep.
    pub rule: ImportRule,
    /// What the rule would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What the file has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What explains it best, where anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

/// What a line of a ledger should keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportRule {
    /// A line can be read; this one is left out.
    LineUnreadable,
    /// What is bought or sold is more than nothing.
    ZeroAmount,
    /// The state is the one before plus the action.
    StateDiscontinuity,
    /// What is held and paid is exactly quantity and price.
    Rounded,
    /// Ids rise.
    IdNotRising,
    /// Stamps do not fall.
    StampFalls,
    /// Every line after the first says what was done.
    ActionMissing,
    /// An account opens with cash alone.
    OpenedWithHoldings,
    /// A stamp names a bar of the market.
    StampNotABar,
    /// An order fills at the open of the bar it is recorded in.
    FillNotBarOpen,
    /// What was bought on a date is not sold on it, where the market says so.
    SoldOnDayBought,
    /// A date on which the market traded has a line.
    DateWithoutLine,
    /// A line has the keys that are known, and no others.
    UnknownKey,
}

impl ImportRule {
    /// The name used in the API and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LineUnreadable => "line_unreadable",
            Self::ZeroAmount => "zero_amount",
            Self::StateDiscontinuity => "state_discontinuity",
            Self::Rounded => "rounded",
            Self::IdNotRising => "id_not_rising",
            Self::StampFalls => "stamp_falls",
            Self::ActionMissing => "action_missing",
            Self::OpenedWithHoldings => "opened_with_holdings",
            Self::StampNotABar => "stamp_not_a_bar",
            Self::FillNotBarOpen => "fill_not_bar_open",
            Self::SoldOnDayBought => "sold_on_day_bought",
            Self::DateWithoutLine => "date_without_line",
            Self::UnknownKey => "unknown_key",
        }
    }
}

impl fmt::Display for ImportRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl ImportedLine {
    /// What was executed, and at which price.
    pub fn executed(&self) -> Option<(&ImportedOrder, Price)> {
        let order = self.order.as_ref()?;
        Some((order, order.price?))
    }
}

impl ImportedParameters {
    /// The symbols of its lines; one that several name comes several times.
    pub fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.lines.iter().flat_map(|line| {
            let adjusted = line.adjusted.iter().flat_map(|adjusted| adjusted.positions.keys());
            line.order.iter().map(|order| &order.symbol).chain(adjusted)
        })
    }

    /// The line behind a ledger record of the run that repeats it; none for the record that opened the account.
    pub fn line_of(&self, record: u64) -> Option<&ImportedLine> {
        self.lines.get(usize::try_from(record.checked_sub(1)?).ok()?)
    }

    pub(super) fn check(&self, errors: &mut Vec<FieldError>) {
        if self.lines.is_empty() {
            errors.push(FieldError::new("lines", "required", "a ledger needs a line after its opening"));
        }
        let mut bounded = |field: &str, count: usize, limit: usize| {
            if count > limit {
                errors.push(FieldError::new(field, "too_long", format!("at most {limit}, not {count}")));
            }
        };
        bounded("lines", self.lines.len(), IMPORTED_LINES_MAX);
        bounded("findings", self.findings.len(), IMPORT_FINDINGS_MAX);
        let mut held: BTreeMap<&Symbol, Quantity> = BTreeMap::new();
        for (index, line) in self.lines.iter().enumerate() {
            let fault = |field: &str, message: &str| {
                FieldError::new(format!("lines.{index}.{field}"), "out_of_range", message)
            };
            for (symbol, position) in line.adjusted.iter().flat_map(|adjusted| &adjusted.positions) {
                if position.is_negative() {
                    errors.push(fault("adjusted.positions", "must not be negative"));
                }
                held.insert(symbol, *position);
            }
            let Some(order) = &line.order else { continue };
            if order.quantity.is_negative() {
                errors.push(fault("order.quantity", "must not be negative"));
            }
            let Some((_, price)) = line.executed() else { continue };
            if !order.quantity.is_positive() || !price.is_positive() {
                errors.push(fault("order.price", "what was executed has a positive quantity and price"));
                continue;
            }
            let position = held.entry(&order.symbol).or_default();
            let after = match order.side {
                Side::Buy => position.units().checked_add(order.quantity.units()),
                Side::Sell => position.units().checked_sub(order.quantity.units()),
            };
            match after.map(Quantity::from_units).filter(|after| !after.is_negative()) {
                Some(after) => *position = after,
                None => errors.push(fault("order.quantity", "must leave a holding of zero or more")),
            }
        }
    }
}

/// Proposes nothing: the run repeats the lines itself.
#[derive(Debug)]
pub(super) struct Imported;

impl Policy for Imported {
    fn propose(&self, _view: &View<'_>, _orders: &mut Vec<Order>) {}
}
