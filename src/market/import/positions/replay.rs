//! The decisions that lead from each recorded state to the next.

use std::collections::BTreeMap;

use events::{Cash, Interval, Price, Quantity, Symbol};
use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};

use super::record::{Record, Recorded};
use super::{Clock, LedgerWarning, RecordedAction, RecordedDecision, RecordedStamp, RecordedState};
use crate::market::import::error::RowError;
use crate::market::import::stamp::Stamp;
use crate::market::import::{Rejected, Warned};

/// Decimals of an implied fill price.
const FILL_SCALE: u32 = Price::SCALE;
/// Half a unit of the fourth decimal, to which the crypto source rounds what is held.
const ROUNDED_AWAY_MAX: Quantity = Quantity::from_units(50);

/// How the file begins.
#[derive(Debug)]
pub(super) enum Opening {
    /// With the account.
    Opened(u64, RecordedStamp, RecordedState),
    /// With an action, before which nothing is known.
    Action { line: u64 },
    /// It has no records.
    Nothing,
}

/// What the records amount to.
#[derive(Debug)]
pub(super) struct Replayed {
    pub(super) opening: Opening,
    pub(super) records: Vec<RecordedDecision>,
    pub(super) warnings: BTreeMap<LedgerWarning, Warned>,
    pub(super) oddities: Vec<(u64, LedgerWarning)>,
}

/// Walks through the records in the order of the file; cash is quantised to `cash_scale` decimals.
pub(super) fn replay(recorded: &mut Recorded, clock: &Clock, cash_scale: u32) -> Replayed {
    let mut replayed = Replayed {
        opening: Opening::Nothing,
        records: Vec::new(),
        warnings: BTreeMap::new(),
        oddities: Vec::new(),
    };
    let mut last: Option<(Timestamp, Option<i64>)> = None;
    for record in std::mem::take(&mut recorded.records) {
        let line = record.line;
        let read = stamp_of(&record, clock).and_then(|stamp| Ok((stamp, state_of(&record, cash_scale)?)));
        let (stamp, after) = match read {
            Ok(read) => read,
            Err(error) => {
                recorded.rejected.push(Rejected { line, column: None, reason: error.to_string() });
                continue;
            }
        };
        if let Some((last_start, last_id)) = last {
            replayed.warn_if(stamp.bar_start < last_start, LedgerWarning::StampFalls, line);
            let falls = record.id.zip(last_id).is_some_and(|(id, before)| id <= before);
            replayed.warn_if(falls, LedgerWarning::IdNotRising, line);
        }
        last = Some((stamp.bar_start, record.id));
        match (&replayed.opening, record.action.is_some()) {
            (Opening::Nothing, false) => replayed.opening = Opening::Opened(line, stamp, after),
            (Opening::Nothing, true) => replayed.opening = Opening::Action { line },
            (Opening::Opened(..), _) => replayed.decide(record, stamp, after),
            (Opening::Action { .. }, _) => {}
        }
    }
    replayed
}

impl Replayed {
    fn decide(&mut self, record: Record, stamp: RecordedStamp, after: RecordedState) {
        let line = record.line;
        self.warn_if(record.action.is_none(), LedgerWarning::ActionMissing, line);
        let action = record.action.unwrap_or(RecordedAction::NoTrade);
        let mut adjusted_from = None;
        let mut step = self.states().next().and_then(|before| step(before, &after, &action));
        if step.is_none() {
            self.warn_if(true, LedgerWarning::StateDiscontinuity, line);
            // A restart that forgot trades goes on from an older state; nothing else makes the action credible.
            let base = self
                .states()
                .skip(1)
                .find_map(|state| Some((state.clone(), self::step(state, &after, &action)?)));
            let (state, found) =
                base.map_or_else(|| (after.clone(), None), |(state, step)| (state, Some(step)));
            (adjusted_from, step) = (Some(state), found);
        }
        let zero = matches!(&action, RecordedAction::Buy { amount, .. } | RecordedAction::Sell { amount, .. } if amount.is_zero());
        self.warn_if(zero, LedgerWarning::ZeroAmount, line);
        self.warn_if(step.is_some_and(|step| step.rounded), LedgerWarning::QuantityRounded, line);
        self.records.push(RecordedDecision {
            line,
            stamp,
            id: record.id,
            action,
            adjusted_from,
            fill_price: step.and_then(|step| step.fill_price),
            after,
            cash_text: record.cash_text,
        });
    }

    /// All states so far, newest first.
    fn states(&self) -> impl Iterator<Item = &RecordedState> {
        let opening = match &self.opening {
            Opening::Opened(_, _, state) => Some(state),
            Opening::Action { .. } | Opening::Nothing => None,
        };
        self.records.iter().rev().map(|record| &record.after).chain(opening)
    }

    fn warn_if(&mut self, odd: bool, kind: LedgerWarning, line: u64) {
        if odd {
            self.warnings.entry(kind).or_default().add(line);
            self.oddities.push((line, kind));
        }
    }
}

/// How an action leads from one state to the next.
#[derive(Debug, Clone, Copy)]
struct Step {
    fill_price: Option<Price>,
    rounded: bool,
}

/// `None` if `action` alone does not lead from `before` to `after`.
fn step(before: &RecordedState, after: &RecordedState, action: &RecordedAction) -> Option<Step> {
    let (symbol, amount, change, paid) = match action {
        RecordedAction::Buy { symbol, amount } => (symbol, *amount, *amount, before.cash - after.cash),
        RecordedAction::Sell { symbol, amount } => (symbol, *amount, -*amount, after.cash - before.cash),
        RecordedAction::NoTrade => {
            return (before == after).then_some(Step { fill_price: None, rounded: false });
        }
    };
    if amount.is_zero() {
        return (before == after).then_some(Step { fill_price: None, rounded: false });
    }
    let others = |state: &'_ RecordedState| -> BTreeMap<Symbol, Quantity> {
        state.positions.iter().filter(|(held, _)| *held != symbol).map(|(s, q)| (s.clone(), *q)).collect()
    };
    let held = |state: &RecordedState| state.positions.get(symbol).copied().unwrap_or_default();
    let off = (held(before) + change - held(after)).abs();
    if !amount.is_positive()
        || !paid.is_positive()
        || off > ROUNDED_AWAY_MAX
        || others(before) != others(after)
    {
        return None;
    }
    let exact: Decimal = paid.to_decimal().checked_div(amount.to_decimal())?;
    let rounded = exact.round_dp_with_strategy(FILL_SCALE, RoundingStrategy::MidpointNearestEven);
    let fill_price = Price::from_decimal(rounded).ok()?;
    Some(Step { fill_price: Some(fill_price), rounded: !off.is_zero() })
}

fn stamp_of(record: &Record, clock: &Clock) -> Result<RecordedStamp, RowError> {
    let stamp = Stamp::parse(&record.stamp)?;
    let interval = if stamp.time.is_none() { Interval::Day } else { Interval::Hour };
    let span = stamp.span(interval, &clock.zone, clock.meaning)?;
    Ok(RecordedStamp { text: record.stamp.clone(), bar_start: span.start })
}

fn state_of(record: &Record, cash_scale: u32) -> Result<RecordedState, RowError> {
    let rounded = record.cash.round_dp_with_strategy(cash_scale, RoundingStrategy::MidpointNearestEven);
    let cash = Cash::from_decimal(rounded).map_err(|error| RowError::BadNumber {
        field: "CASH",
        text: record.cash_text.clone(),
        because: error.to_string(),
    })?;
    Ok(RecordedState { cash, positions: record.positions.clone() })
}
