//! A recorded account as the run that repeats it.

use std::collections::BTreeMap;

use events::policy::{
    AdjustmentCause, ImportFinding, ImportFormat, ImportSource, ImportedAdjustment, ImportedLine,
    ImportedOpening, ImportedOrder, ImportedParameters, Side,
};
use events::{Cash, Price, Quantity, Symbol};

use super::{RecordedAction, RecordedDecision, RecordedLedger, RecordedState};

impl RecordedLedger {
    /// Its lines as a run repeats them: after each line the run holds what the file says, to the last decimal. What the
    /// lines do not explain is an adjustment before the line that goes on from it.
    pub fn account(&self, agent: &str, findings: Vec<ImportFinding>) -> ImportedParameters {
        let mut state = RecordedState { cash: self.opening.cash, positions: BTreeMap::new() };
        let mut lines = Vec::with_capacity(self.records.len());
        for record in &self.records {
            let order = order_of(record, &state);
            let base = base_of(record, order.as_ref());
            let cause = match record.adjusted_from {
                None if !differs_before(&lines, &self.opening) => AdjustmentCause::Rounding,
                Some(_) | None => AdjustmentCause::StateDiscontinuity,
            };
            lines.push(ImportedLine {
                line: record.line,
                at: record.stamp.bar_start,
                adjusted: adjustment(&state, &base, cause),
                order,
            });
            state = record.after.clone();
        }
        ImportedParameters {
            source: ImportSource {
                format: ImportFormat::AiTrader,
                agent: agent.to_owned(),
                file: self.file.clone(),
                sha256: self.sha256.clone(),
                zone: self.zone_used.clone(),
            },
            opened: ImportedOpening { line: self.opened_line, at: self.opened.bar_start },
            lines,
            findings,
        }
    }
}

/// Whether the first line goes on from shares that opened the account, which a run cannot.
fn differs_before(lines: &[ImportedLine], opening: &RecordedState) -> bool {
    lines.is_empty() && !opening.positions.is_empty()
}

/// What the line executes: where the source rounded what is held, as much as the holding changed.
fn order_of(record: &RecordedDecision, before: &RecordedState) -> Option<ImportedOrder> {
    let (side, symbol, amount) = match &record.action {
        RecordedAction::Buy { symbol, amount } => (Side::Buy, symbol, *amount),
        RecordedAction::Sell { symbol, amount } => (Side::Sell, symbol, *amount),
        RecordedAction::NoTrade => return None,
    };
    let written =
        |price: Option<Price>| ImportedOrder { side, symbol: symbol.clone(), quantity: amount, price };
    let Some(price) = record.fill_price else { return Some(written(None)) };
    let held = |state: &RecordedState| state.positions.get(symbol).copied().unwrap_or_default();
    let base = record.adjusted_from.as_ref().unwrap_or(before);
    let moved = match side {
        Side::Buy => held(&record.after) - held(base),
        Side::Sell => held(base) - held(&record.after),
    };
    Some(if moved.is_positive() {
        ImportedOrder { quantity: moved, ..written(Some(price)) }
    } else {
        written(None)
    })
}

/// The account from which the order leads to what the line says.
fn base_of(record: &RecordedDecision, order: Option<&ImportedOrder>) -> RecordedState {
    let mut base = record.after.clone();
    let Some((order, price)) = order.and_then(|order| Some((order, order.price?))) else { return base };
    let value = Cash::of(order.quantity, price);
    let held = base.positions.entry(order.symbol.clone()).or_default();
    match order.side {
        Side::Buy => {
            *held -= order.quantity;
            base.cash += value;
        }
        Side::Sell => {
            *held += order.quantity;
            base.cash -= value;
        }
    }
    base.positions.retain(|_, quantity| !quantity.is_zero());
    base
}

/// What leads from one state to another; nothing between equal ones.
fn adjustment(
    from: &RecordedState,
    to: &RecordedState,
    cause: AdjustmentCause,
) -> Option<ImportedAdjustment> {
    if from == to {
        return None;
    }
    let gone = from.positions.keys().filter(|symbol| !to.positions.contains_key(*symbol));
    let mut positions: BTreeMap<Symbol, Quantity> =
        gone.map(|symbol| (symbol.clone(), Quantity::ZERO)).collect();
    let changed =
        to.positions.iter().filter(|(symbol, quantity)| from.positions.get(*symbol) != Some(*quantity));
    positions.extend(changed.map(|(symbol, quantity)| (symbol.clone(), *quantity)));
    Some(ImportedAdjustment { cause, cash: to.cash, positions })
}
